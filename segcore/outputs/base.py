"""What every output of a clip has: a name, a file, and the steps in which that is written."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import av
from av.audio.stream import AudioStream

from segcore.files.parts import Part
from segcore.outputs.stream_format import StreamFormat
from segcore.picture.clip_frame import ClipFrame
from segcore.pipeline import Result
from segcore.recipe import Recipe


class Output(ABC):
    """One file that a processed clip leaves. It grows under another name until `publish`.

    An output belongs to one clip. Its steps are `check`, `open`, `add` for each frame in order, of which there is one
    at least, `finish`, `publish`, and whatever happened, `discard`. They come from one thread at a time, but not always
    from the same one. A frame and its result are shared with the other outputs: they are left as they are.

    Attributes
    ----------
    name
        What the command line and Python know it by.
    summary
        What it is, for people.
    ending
        How the names of its files usually end.
    takes_sound
        Whether it is given the clip's sound; one output of a clip may be.
    path
        Where the file goes.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    ending: ClassVar[str]
    takes_sound: ClassVar[bool] = False

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._part: Part | None = None

    def check(self, recipe: Recipe) -> None:  # noqa: B027  most have nothing to refuse
        """Refuse what could not be written.

        Parameters
        ----------
        recipe
            What the clip will be processed by.

        Raises
        ------
        SegdeckError
            If this output can't be made by that recipe, or its path does not suit it.
        """

    @abstractmethod
    def open(self, stream: StreamFormat) -> None:
        """Get ready for the first frame.

        Parameters
        ----------
        stream
            How a video of this clip is to be written.

        Raises
        ------
        OSError
            If no file can be written there.
        """

    def begin_file(self) -> Path:
        """Begin the file, empty at first, and return where it is until `publish`.

        Raises
        ------
        OSError
            If no file can be written there.
        """
        self._part = Part(self.path)
        return self._part.path

    @abstractmethod
    def add(self, frame: ClipFrame, result: Result) -> None:
        """Write a frame, given as it was and as the recipe left it."""

    def add_sound(self, packet: "av.Packet[AudioStream]") -> None:
        """Write a packet of the clip's sound. None comes before the first frame. It is this output's to change."""
        raise NotImplementedError

    @property
    def damaged(self) -> bool:
        """Whether something had to be left out."""
        return False

    @abstractmethod
    def finish(self) -> None:
        """Write what is left, so that the file is whole."""

    def publish(self) -> None:
        """Give the whole file its name."""
        assert self._part is not None
        self._part.publish()

    def discard(self) -> None:
        """Leave nothing behind, but for a file that has its name. May come at any time, and twice."""
        if self._part:
            self._part.discard()
