"""A blurred background."""

from typing import ClassVar, Literal

from pydantic import Field

from segcore.options import unit
from segcore.overlays.base import Overlay
from segcore.picture.canvas import Canvas
from segcore.picture.scaling import reference_height
from segcore.segmentation import Segmentation


class Blur(Overlay):
    """What has a label stays sharp, the rest is blurred."""

    title: ClassVar[str] = "Blur the background"
    order: ClassVar[int] = 0
    hides_raw: ClassVar[bool] = True
    kind: Literal["blur"] = "blur"
    strength_percent: float = Field(
        default=4.0,
        ge=1,
        le=10,
        title="Blur",
        description="How far things run together, as a share of the picture's height.",
        json_schema_extra=unit("%", 0.5),
    )

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        radius_px = reference_height(*canvas.size) * self.strength_percent / 100
        far = canvas.blurred(radius_px, without=segmentation.foreground())
        return far.blended(canvas, segmentation.foreground())
