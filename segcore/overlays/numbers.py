"""How numbered objects are marked: the colour that a number has, and the number itself."""

import math
from functools import lru_cache

import cv2
import numpy as np

from segcore.picture.canvas import Canvas
from segcore.picture.scaling import reference_height
from segcore.segmentation import Mask, Plane, hex_to_color

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
_LARGEST_KEPT_PX = 80  # a clip's are kept for its next frame; a photo's may be large, and are not needed again


def digit_height_px(height: int, width: int, numbers: int) -> int:
    """Return how high digits are in an image of a height and width: a share of it, or less if they are many."""
    room = math.sqrt(height * width / max(1, numbers))
    return max(_SMALLEST_DIGIT_PX, round(min(reference_height(height, width) * _DIGIT_SHARE, room)))


def write_number(canvas: Canvas, number: int, center: tuple[float, float], digit_px: int) -> None:
    """Write a number onto this very canvas.

    Parameters
    ----------
    canvas
        It is drawn on.
    number
        The number.
    center
        The x and y of its middle in pixels; it is moved to where it is whole.
    digit_px
        How high its digits are, in pixels.
    """
    stamp = _kept_stamp if digit_px <= _LARGEST_KEPT_PX else _number_stamp
    ink, mask = stamp(number, digit_px)
    left, top = (
        max(0, min(round(middle - length / 2), side - length)) // 2 * 2
        for middle, length, side in zip(center, ink.shape[::-1], canvas.size[::-1], strict=True)
    )
    rows, columns = canvas.size[0] - top, canvas.size[1] - left
    canvas.stamp_in_place(ink[:rows, :columns], Mask(mask[:rows, :columns], soft=True), left, top)


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


_kept_stamp = lru_cache(maxsize=256)(_number_stamp)
