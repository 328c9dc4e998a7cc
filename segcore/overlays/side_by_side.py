"""The image beside its tint."""

from typing import ClassVar, Literal

from pydantic import Field

from segcore.overlays.base import Overlay, Strength, paint
from segcore.picture.canvas import Canvas
from segcore.segmentation import Segmentation


class SideBySide(Overlay):
    """The image and, beside it, its tint, each at half size."""

    title: ClassVar[str] = "Side by side"
    order: ClassVar[int] = 8
    hides_raw: ClassVar[bool] = False
    kind: Literal["side_by_side"] = "side_by_side"
    strength: Strength = Field(default=0.7, description="Of the tint; 1 is plain colour.")

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`; the result is half as high."""
        height, width = (max(2, side // 4 * 2) for side in canvas.size)
        tinted = paint(canvas, segmentation, self.strength)
        return canvas.scaled(height, width).beside(tinted.scaled(height, width))
