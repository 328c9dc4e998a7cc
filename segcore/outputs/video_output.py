"""What the outputs that are videos have in common."""

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path

import av
from av.audio.stream import AudioStream

from segcore.errors import SegdeckError
from segcore.outputs.base import Output
from segcore.outputs.stream_format import StreamFormat
from segcore.outputs.video_writer import VideoWriter
from segcore.picture.canvas import Canvas
from segcore.picture.clip_frame import ClipFrame
from segcore.pipeline import Result
from segcore.recipe import Recipe


class VideoOutput(Output):
    """A video that every browser plays: H.264 in MP4, with the clip's frame times and colour tags."""

    ending = ".mp4"

    def __init__(self, path: Path | str) -> None:
        super().__init__(path)
        self._stream: StreamFormat | None = None
        self._writer: VideoWriter | None = None

    @abstractmethod
    def draw(self, frame: ClipFrame, result: Result) -> Canvas:
        """Return what the video shows of a frame, I420."""

    def check(self, recipe: Recipe) -> None:
        """Refuse a path of another kind of video."""
        super().check(recipe)
        if self.path.suffix.lower() != self.ending:
            raise SegdeckError(f"The result is an MP4; {self.path.name!r} does not end in {self.ending}.")

    def open(self, stream: StreamFormat) -> None:
        """Keep how the video is written. The file begins with the first frame: its size is known only then."""
        self._stream = stream if self.takes_sound else replace(stream, sound=None)

    def add(self, frame: ClipFrame, result: Result) -> None:
        """Draw and encode a frame."""
        canvas = self.draw(frame, result)
        if self._writer is None:
            assert self._stream is not None
            self._writer = VideoWriter(self.begin_file(), self._stream, canvas)
        self._writer.write_frame(canvas, frame)

    def add_sound(self, packet: "av.Packet[AudioStream]") -> None:
        """Copy or recode a packet of sound."""
        assert self._writer is not None
        self._writer.write_sound(packet)

    @property
    def damaged(self) -> bool:
        """Whether some of the sound had to be left out."""
        return self._writer is not None and self._writer.sound_damaged

    def finish(self) -> None:
        """Write what is still in the encoders."""
        assert self._writer is not None
        self._writer.finish()

    def discard(self) -> None:
        """Leave nothing behind."""
        super().discard()
        if self._writer:
            self._writer.abandon()
