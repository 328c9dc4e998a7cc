"""How far a clip is, and what is known of it at the end."""

from dataclasses import dataclass

from segcore.objects.measures import Measures
from segcore.pipeline import Result
from segcore.segmentation import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """How far a clip is, in numbers.

    Attributes
    ----------
    frames_done, frames_expected
        The second is what the file's header promises.
    elapsed_s
        Since the start.
    time_s
        Of the newest frame in the clip.
    cut_off
        Whether something is missing: the clip is damaged, or was cut off.
    """

    frames_done: int
    frames_expected: int
    elapsed_s: float
    time_s: float
    cut_off: bool = False

    @property
    def rate_fps(self) -> float:
        """Frames done per second."""
        return self.frames_done / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return min(1.0, self.frames_done / self.frames_expected) if self.frames_expected else 0.0

    @property
    def left_s(self) -> float:
        """Seconds that it will still take."""
        return max(0, self.frames_expected - self.frames_done) / self.rate_fps if self.rate_fps else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Steps):
    """How far a clip is, and the newest result.

    Attributes
    ----------
    result
        The newest frame's.
    """

    result: Result

    @property
    def measures(self) -> Measures:
        """What was measured of the newest frame."""
        return self.result.measures

    def still(self) -> Image:
        """Return the newest frame as drawn, BGR."""
        return self.result.image


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A clip that was processed to its end.

    Attributes
    ----------
    frames
        How many it has.
    elapsed_s
        How long that took.
    cut_off
        Whether something is missing: the clip is damaged, or was cut off.
    """

    frames: int
    elapsed_s: float
    cut_off: bool
