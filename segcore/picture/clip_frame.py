"""One frame of a clip: its image, and when it is shown."""

from dataclasses import dataclass
from fractions import Fraction

from segcore.picture.canvas import Canvas


@dataclass(frozen=True, slots=True)
class ClipFrame:
    """One frame of a clip.

    Attributes
    ----------
    canvas
        Its image, upright.
    pts
        When it is shown, in units of ``time_base``.
    duration
        For how long, in the same units.
    time_base
        That unit, in seconds.
    """

    canvas: Canvas
    pts: int
    duration: int
    time_base: Fraction

    @property
    def time_s(self) -> float:
        """When it is shown, in seconds."""
        return float(self.pts * self.time_base)
