"""How numbered objects are marked: the colour that a number has, and the number itself."""

from functools import lru_cache

import cv2
import numpy as np

from segcore.canvas import Canvas
from segcore.segmentation import Plane, hex_to_color

# P. Green-Armytage, "A colour alphabet and the limits of colour coding", 2010: the brighter of 26 colours that are told
# apart easily, in an order in which neighbours are unlike each other.
PALETTE = tuple(
    map(
        hex_to_color,
        (
            *("#2bce48", "#ff0010", "#0075dc", "#ffe100", "#f0a3ff", "#00998f", "#ff5005", "#5ef1f2", "#740aff"),
            *("#9dcc00", "#ffa8bb", "#993f00", "#94ffb5", "#c20088", "#ffa405", "#4c005c", "#e0ff66", "#426600"),
        ),
    )
)
_DIGIT_SHARE = 0.035  # of the picture's height
_SMALLEST_DIGIT_PX = 10


def write_number(canvas: Canvas, number: int, center: tuple[float, float]) -> None:
    """Write a number onto this very canvas.

    Parameters
    ----------
    canvas
        It gets larger digits the higher it is.
    number
        The number.
    center
        The x and y of its middle in pixels; it is moved to where it is whole.
    """
    ink, mask = _number_stamp(number, max(_SMALLEST_DIGIT_PX, round(canvas.size[0] * _DIGIT_SHARE)))
    left, top = (
        max(0, min(round(middle - length / 2), side - length)) // 2 * 2
        for middle, length, side in zip(center, ink.shape[::-1], canvas.size[::-1], strict=True)
    )
    rows, columns = canvas.size[0] - top, canvas.size[1] - left
    canvas.stamp(ink[:rows, :columns], mask[:rows, :columns], left, top)


@lru_cache(maxsize=256)
def _number_stamp(number: int, digit_px: int) -> tuple[Plane, Plane]:
    """Return a number in white on a black rim, (h, w) uint8, and how much of that shows; h and w are even."""
    scale = digit_px / 22  # the digits of this font are 22 pixels high
    stroke = max(1, round(2 * scale))
    rim = 2 * max(1, round(1.5 * scale)) + stroke
    (width, height), _ = cv2.getTextSize(str(number), cv2.FONT_HERSHEY_SIMPLEX, scale, stroke)
    ink = np.zeros(((height + 2 * rim + 1) // 2 * 2, (width + 2 * rim + 1) // 2 * 2), np.uint8)
    mask = np.zeros_like(ink)
    for plane, thickness in ((ink, stroke), (mask, rim)):
        at = rim, height + rim
        cv2.putText(plane, str(number), at, cv2.FONT_HERSHEY_SIMPLEX, scale, (255,), thickness, cv2.LINE_AA)
    return ink, mask
