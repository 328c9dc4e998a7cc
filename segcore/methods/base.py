"""What every method's options have in common."""

from abc import abstractmethod
from typing import ClassVar

from segcore.options import Options
from segcore.segmentation import Segmenter


class MethodOptions(Options):
    """Options of one method. ``method`` is its name in a recipe."""

    title: ClassVar[str]
    method: str

    @property
    def numbers_objects(self) -> bool:
        """Whether the results tell objects apart: then they have instances."""
        return False

    @abstractmethod
    def build(self) -> Segmenter:
        """Return a segmenter for one stream, ready to work: files read, networks warm.

        Raises
        ------
        SegdeckError
            If something that it needs is missing, with how to get it.
        """
