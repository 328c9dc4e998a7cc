"""A part of an image, looked at at another size, for methods that work on the surroundings of one object."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from segcore.picture.scaling import shrink
from segcore.segmentation import Image, LabelMap, Plane

Matrix: TypeAlias = npt.NDArray[np.float64]

_LONG_SIDE_PX = 320  # larger windows are reduced to it: GrabCut finds no more at 480, and takes three times as long
_SHORTEST_PX = 160  # smaller ones are enlarged towards it, or a person 30 pixels wide is lost at once
_MOST_ENLARGED = 2
_AROUND = 0.15  # of a box's longer side is looked at on each side of it


@dataclass(frozen=True, slots=True)
class Window:
    """A part of an image, from ``left``, ``top`` to before ``right``, ``bottom``, and its own size; all in pixels."""

    left: int
    top: int
    right: int
    bottom: int
    height: int
    width: int

    def crop(self, image: Image) -> Image:
        """Return what an image shows in it, (height, width, 3) uint8."""
        part = image[self.top : self.bottom, self.left : self.right]
        return np.ascontiguousarray(shrink(part, self.height, self.width))

    def to_image(self) -> Matrix:
        """Return the (3, 3) matrix from places in the window to places in the image; pixels' middles are whole."""
        x, y = (self.right - self.left) / self.width, (self.bottom - self.top) / self.height
        return np.array([[x, 0, self.left + (x - 1) / 2], [0, y, self.top + (y - 1) / 2], [0, 0, 1]])

    def enlarge(self, mask: Plane, height: int, width: int) -> LabelMap:
        """Put a mask of the window, 0 or 1, into the whole image of a height and width, with smooth outlines."""
        label_map = np.zeros((height, width), np.uint8)
        size = self.right - self.left, self.bottom - self.top
        grey = cv2.resize(mask * np.uint8(255), size, interpolation=cv2.INTER_LINEAR)
        label_map[self.top : self.bottom, self.left : self.right] = cv2.threshold(grey, 127, 1, cv2.THRESH_BINARY)[1]
        return label_map


def window_around(low: Matrix, high: Matrix, height: int, width: int) -> Window | None:
    """Return the window around a box.

    Parameters
    ----------
    low, high
        Two corners of the box, each (2,): x and y in pixels. What lies outside the image does not count.
    height, width
        The picture's size in pixels.

    Returns
    -------
    Window or None
        With a margin on each side where the image has it; None where the image holds nothing of the box.
    """
    size = np.array([width, height])
    low, high = low.clip(0, size), high.clip(0, size)
    if (high - low).min() < 1:
        return None
    around = _AROUND * (high - low).max()
    left, top = np.floor(low - around).clip(0).astype(int)
    right, bottom = np.ceil(high + around).clip(0, size).astype(int)
    long_side = max(right - left, bottom - top)
    scale = min(_LONG_SIDE_PX / long_side, max(1, min(_MOST_ENLARGED, _SHORTEST_PX / long_side)))
    small = (max(1, round(side * scale)) for side in (bottom - top, right - left))
    return Window(int(left), int(top), int(right), int(bottom), *small)
