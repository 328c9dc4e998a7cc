"""A coat of colour over each label."""

from typing import ClassVar, Literal

from pydantic import Field

from segcore.overlays.base import Overlay, Strength, paint
from segcore.picture.canvas import Canvas
from segcore.segmentation import Segmentation


class Tint(Overlay):
    """Each label gets a coat of its colour."""

    title: ClassVar[str] = "Tint"
    order: ClassVar[int] = 4
    hides_raw: ClassVar[bool] = False
    kind: Literal["tint"] = "tint"
    strength: Strength = Field(default=0.5, description="0 leaves the picture, 1 is plain colour.")

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        return paint(canvas, segmentation, self.strength)
