"""What has a label on a plain ground, or, for a still, on none."""

from typing import ClassVar, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from segcore.options import HexColor
from segcore.overlays.base import Overlay
from segcore.picture.canvas import Canvas
from segcore.picture.scaling import row_bands
from segcore.segmentation import Image, Plane, Segmentation, hex_to_color, u8


class CutOut(Overlay):
    """What has a label stays, the rest is plain: OpenCV's ``bitwise_and``. A still also gets real transparency."""

    title: ClassVar[str] = "Cut-out"
    order: ClassVar[int] = 2
    hides_raw: ClassVar[bool] = True
    kind: Literal["cut_out"] = "cut_out"
    color: HexColor = Field(default="#000000", title="Colour around it", description="Shown where nothing was found.")

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        plain = canvas.filled(hex_to_color(self.color))
        return plain.blended(canvas, segmentation.foreground())


def cut_out_rgba(image: Image, segmentation: Segmentation, opacity: Plane | None = None) -> npt.NDArray[np.uint8]:
    """Cut a still out, its background transparent.

    Parameters
    ----------
    image
        (H, W, 3) uint8, BGR.
    segmentation
        Of the same height and width.
    opacity
        (H, W) uint8, how opaque the image itself was; None if it was solid.

    Returns
    -------
    ndarray
        (H, W, 4) uint8, blue, green, red, alpha. Fully transparent pixels are black, so that nothing hidden leaks.
    """
    alpha = segmentation.foreground().opacity()
    if opacity is not None:
        alpha = u8(cv2.multiply(alpha, opacity, scale=1 / 255))
    rgba = np.empty((*alpha.shape, 4), np.uint8)
    for rows in row_bands(*alpha.shape):
        seen = cv2.copyTo(image[rows], alpha[rows], np.zeros_like(image[rows]))
        rgba[rows] = cv2.merge([*cv2.split(seen), alpha[rows]])
    return rgba
