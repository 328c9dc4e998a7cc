"""Grey around what has a label."""

from typing import ClassVar, Literal

from segcore.overlays.base import Overlay
from segcore.picture.canvas import Canvas
from segcore.segmentation import Segmentation


class ColorPop(Overlay):
    """What has a label keeps its colours, the rest turns grey."""

    title: ClassVar[str] = "Colour pop"
    order: ClassVar[int] = 3
    hides_raw: ClassVar[bool] = False
    kind: Literal["color_pop"] = "color_pop"

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        return canvas.without_color().blended(canvas, segmentation.foreground())
