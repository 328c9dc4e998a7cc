"""What every method's options have in common, and what a segmenter is."""

from abc import abstractmethod
from typing import ClassVar, Protocol

from segcore.memory import NOTHING, Memory
from segcore.options import Options
from segcore.picture.frame import Frame
from segcore.segmentation import Segmentation


class Segmenter(Protocol):
    """Segments the frames of one stream. It may remember earlier ones, so a stream has its own."""

    def segment(self, frame: Frame) -> Segmentation:
        """Segment one frame.

        Parameters
        ----------
        frame
            Of any size. Left as it is.

        Returns
        -------
        Segmentation
            With a label map of the same height and width.
        """
        ...


class Numberer(Protocol):
    """Gives the objects of one stream numbers that last. It remembers them, so a stream has its own."""

    def number(self, segmentation: Segmentation) -> Segmentation:
        """Return a frame's segmentation with its objects numbered as in the frames before.

        Parameters
        ----------
        segmentation
            With instances that are numbered for this frame alone. Left as it is.
        """
        ...


class MethodOptions(Options):
    """Options of one method. ``method`` is its name in a recipe."""

    title: ClassVar[str]
    method: str

    @property
    def numbers_objects(self) -> bool:
        """Whether the results tell objects apart: then they have instances."""
        return False

    @property
    def memory(self) -> Memory:
        """What the segmenter remembers of earlier frames."""
        return NOTHING

    @abstractmethod
    def build(self) -> Segmenter:
        """Return a segmenter for one stream, ready to work: files read, networks warm.

        Raises
        ------
        SegdeckError
            If something that it needs is missing, with how to get it.
        """

    def build_numberer(self) -> Numberer | None:
        """Return what numbers the segmenter's objects from frame to frame, or None where it has no such objects.

        It remembers everything, while the segmenter may remember less: so objects can be found in many pieces of a
        clip at once, and be numbered in order afterwards.
        """
        return None
