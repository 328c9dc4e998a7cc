"""A line around each label."""

from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from segcore.objects.regions import present_labels
from segcore.options import unit
from segcore.overlays.base import Overlay
from segcore.picture.canvas import Canvas
from segcore.segmentation import Mask, Plane, Segmentation, in_range, u8


class Outline(Overlay):
    """A line around each label."""

    title: ClassVar[str] = "Outline"
    order: ClassVar[int] = 5
    hides_raw: ClassVar[bool] = False
    kind: Literal["outline"] = "outline"
    width_px: int = Field(
        default=4, ge=1, le=20, title="Width", description="Width of the line.", json_schema_extra=unit("px")
    )

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        side = u8(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (self.width_px + 1, self.width_px + 1)))
        present = present_labels(segmentation.label_map) or [1]
        if len(present) == 1:
            line = self._line(segmentation, present[0], side)
            return canvas.blended(canvas.filled(segmentation.labels[present[0] - 1].color), Mask(line))
        index = np.zeros(canvas.size, np.uint8)
        for value in present:
            np.copyto(index, np.uint8(value), where=self._line(segmentation, value, side).view(np.bool_))
        return canvas.coated(index, [label.color for label in segmentation.labels], 1)

    def _line(self, segmentation: Segmentation, value: int, side: Plane) -> Plane:
        inside = in_range(segmentation.label_map, value, value)
        return u8(cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, side))
