"""Masks without specks, gaps and holes: mathematical morphology and the areas of contours."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from segcore.picture.scaling import row_bands, shrink
from segcore.segmentation import Plane, u8

_HALF = 127
_LARGEST_DISC_PX = 33
_MOST_OUTLINED_PIXELS = 1 << 22


def remove_thin_parts(plane: Plane, side_px: int) -> Plane:
    """Return a mask, (H, W) uint8, without its parts thinner than ``side_px``."""
    if side_px > _LARGEST_DISC_PX:
        return u8(cv2.min(plane, _reduced(remove_thin_parts, plane, side_px)))
    return u8(cv2.morphologyEx(plane, cv2.MORPH_OPEN, _disc(side_px)))


def close_gaps(plane: Plane, side_px: int) -> Plane:
    """Return a mask, (H, W) uint8, with its gaps narrower than ``side_px`` closed."""
    if side_px > _LARGEST_DISC_PX:
        return u8(cv2.max(plane, _reduced(close_gaps, plane, side_px)))
    return u8(cv2.morphologyEx(plane, cv2.MORPH_CLOSE, _disc(side_px)))


def fill_holes(plane: Plane) -> Plane:
    """Return a mask, (H, W) uint8, with whatever each of its parts surrounds made part of it."""
    room = cv2.copyMakeBorder(_inside(plane), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0.0)
    cv2.floodFill(room, None, (0, 0), 255, flags=4)
    surrounded = cv2.bitwise_not(room[1:-1, 1:-1])
    return u8(cv2.max(cv2.max(plane, _inside(plane)), surrounded))


def remove_small_parts(plane: Plane, smallest_px: float) -> Plane:
    """Return a mask, (H, W) uint8, without its parts of fewer pixels than ``smallest_px``.

    What a part surrounds counts with it. Its pixels follow from its outline by Pick's theorem: the polygon through
    the outline's pixels, half of these, and one.
    """
    if plane.size > _MOST_OUTLINED_PIXELS:
        return _without_small_components(plane, smallest_px)
    contours, _ = cv2.findContours(_inside(plane), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    small = [outline for outline in contours if cv2.contourArea(outline) + len(outline) / 2 + 1 < smallest_px]
    if len(small) == len(contours):
        return np.zeros_like(plane)
    if not small:
        return plane
    around = cv2.dilate(_drawn(plane, small), np.ones((3, 3), np.uint8))  # their soft rim goes as well
    large = [outline for outline in contours if cv2.contourArea(outline) + len(outline) / 2 + 1 >= smallest_px]
    return np.where((around > 0) & (_drawn(plane, large) == 0), np.uint8(0), plane)


def _without_small_components(plane: Plane, smallest_px: float) -> Plane:
    """Do the same by numbering all parts: slower where they are few, but a photo may hold millions of specks."""
    inside = _inside(fill_holes(plane))
    count, numbers = cv2.connectedComponents(inside, connectivity=8)
    sizes = np.zeros(count, np.int64)
    for rows in row_bands(*inside.shape):  # numpy turns what it counts or looks up into 64 bits
        sizes += np.bincount(numbers[rows].reshape(-1), minlength=count)
    small = (sizes < smallest_px).astype(np.uint8)
    if small[1:].all():
        return np.zeros_like(plane)
    small[0] = 0
    gone = np.empty_like(plane)
    for rows in row_bands(*inside.shape):
        gone[rows] = small[numbers[rows]]
    around = cv2.dilate(gone, np.ones((3, 3), np.uint8))
    large = cv2.subtract(inside, gone * np.uint8(255))
    return np.where((around > 0) & (large == 0), np.uint8(0), plane)


def _reduced(change: Callable[[Plane, int], Plane], plane: Plane, side_px: int) -> Plane:
    """Change a reduced mask, and bring it back to its size: the time of a large disc grows with its area."""
    height, width = plane.shape
    step = math.ceil(side_px / _LARGEST_DISC_PX)
    small = shrink(plane, max(1, height // step), max(1, width // step))
    return shrink(change(small, side_px // step | 1), height, width)


def _inside(plane: Plane) -> Plane:
    return u8(cv2.threshold(plane, _HALF, 255, cv2.THRESH_BINARY)[1])


def _drawn(plane: Plane, contours: object) -> Plane:
    return u8(cv2.drawContours(np.zeros_like(plane), contours, -1, 255, cv2.FILLED))  # type: ignore[call-overload]


def _disc(side_px: int) -> Plane:
    return u8(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side_px, side_px)))
