"""What a person marks in an image: a box around a thing, and strokes over it. All places are shares of the image."""

from typing import Annotated, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, FailFast, Field
from pydantic_core import PydanticCustomError

from segcore.options import Options

Places: TypeAlias = npt.NDArray[np.float64]
"""(N, 2) float64: x and y in pixels."""


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise PydanticCustomError("share", "it must be a number from 0.0 to 1.0")
    return value


Share: TypeAlias = Annotated[float, AfterValidator(_share)]
"""A part of the image's width or height, 0 to 1."""


class Stroke(Options):
    """A line drawn over what is to be kept, or left out. With one point only, it is a dot."""

    keep: bool = Field(default=True, description="Whether what it covers is the object's, or the background's.")
    width: Share = Field(default=0.02, description="How wide it is, as a share of the picture's height.")
    points: Annotated[tuple[tuple[Share, Share], ...], Field(min_length=1, max_length=1000), FailFast()] = Field(
        default=((0.5, 0.5),), description="Where it goes: shares of the picture's width and height."
    )

    def places(self, height: int, width: int) -> Places:
        """Return where it goes in an image of a height and width in pixels."""
        return np.array(self.points) * [width, height]


class Marks(Options):
    """A box and strokes: the trait of every method that works on what a person marks.

    A method's options that have it show a surface to draw on, wherever an image of the stream can be shown.
    """

    box: tuple[Share, Share, Share, Share] = Field(
        default=(0.2, 0.1, 0.6, 0.8),
        title="Box",
        description="Around the object: left, top, width and height as shares of the picture.",
    )
    strokes: Annotated[tuple[Stroke, ...], Field(max_length=100), FailFast()] = Field(
        default=(), title="Strokes", description="Corrections; where two overlap, the later one counts."
    )

    def corners(self, height: int, width: int) -> Places:
        """Return the box's top left and bottom right corners, (2, 2), in an image of a height and width in pixels."""
        low = np.array(self.box[:2])
        return np.array([low, low + self.box[2:]]) * [width, height]
