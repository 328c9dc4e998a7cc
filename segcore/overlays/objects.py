"""A colour, an outline and a number for each object."""

from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from segcore.objects.regions import regions_of
from segcore.overlays.base import Overlay, Strength, paint
from segcore.overlays.numbers import PALETTE, digit_height_px, write_number
from segcore.picture.canvas import Canvas
from segcore.picture.scaling import reference_height, row_bands
from segcore.segmentation import Segmentation, u8


class NumberedObjects(Overlay):
    """Each object gets a coat and an outline in a colour of its own, and its number; else labels."""

    title: ClassVar[str] = "Numbered objects"
    order: ClassVar[int] = 6
    hides_raw: ClassVar[bool] = False
    kind: Literal["objects"] = "objects"
    strength: Strength = Field(default=0.4, description="Of the coat; 0 leaves the picture, 1 is plain colour.")

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        if segmentation.instances is None:
            return paint(canvas, segmentation, self.strength)
        regions = regions_of(segmentation)
        table = np.zeros(regions.numbers.max(initial=0) + 1, np.uint8)
        table[regions.numbers] = (regions.numbers - 1) % len(PALETTE) + 1
        index = np.empty(canvas.size, np.uint8)
        for rows in row_bands(*canvas.size):  # numpy turns what it looks up into 64 bits
            table.take(segmentation.instances[rows], out=index[rows])
        width_px = max(1, reference_height(*canvas.size) // 240)
        line = cv2.morphologyEx(index, cv2.MORPH_GRADIENT, np.ones((2 * width_px + 1, 2 * width_px + 1), np.uint8))
        result = canvas.coated(index, PALETTE, self.strength)
        result = result.coated(u8(cv2.copyTo(index, line)), PALETTE, 1)
        digit_px = digit_height_px(*canvas.size, len(regions.numbers))
        for number, center in zip(regions.numbers.tolist(), regions.center_px.tolist(), strict=True):
            write_number(result, number, center, digit_px)
        return result
