"""The bare mask."""

from typing import ClassVar, Literal

from segcore.overlays.base import Overlay
from segcore.picture.canvas import Canvas
from segcore.segmentation import Segmentation


class BareMask(Overlay):
    """The bare mask: white on black, a grey for each where there are several labels."""

    title: ClassVar[str] = "Mask"
    order: ClassVar[int] = 7
    hides_raw: ClassVar[bool] = True
    kind: Literal["mask"] = "mask"

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        return canvas.showing(segmentation.grey())
