"""Masks without specks, gaps and holes: mathematical morphology and the areas of contours."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from segcore.scaling import shrink
from segcore.segmentation import Plane, u8

_HALF = 127
_LARGEST_DISC_PX = 33


def opened(plane: Plane, side_px: int) -> Plane:
    """Return a mask, (H, W) uint8, without its parts thinner than ``side_px``."""
    if side_px > _LARGEST_DISC_PX:
        return u8(cv2.min(plane, _reduced(opened, plane, side_px)))
    return u8(cv2.morphologyEx(plane, cv2.MORPH_OPEN, _disc(side_px)))


def closed(plane: Plane, side_px: int) -> Plane:
    """Return a mask, (H, W) uint8, with its gaps narrower than ``side_px`` closed."""
    if side_px > _LARGEST_DISC_PX:
        return u8(cv2.max(plane, _reduced(closed, plane, side_px)))
    return u8(cv2.morphologyEx(plane, cv2.MORPH_CLOSE, _disc(side_px)))


def filled(plane: Plane) -> Plane:
    """Return a mask, (H, W) uint8, with whatever each of its parts surrounds made part of it."""
    contours, _ = cv2.findContours(_inside(plane), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return u8(cv2.max(plane, _drawn(plane, contours)))


def without_small_parts(plane: Plane, smallest_px: float) -> Plane:
    """Return a mask, (H, W) uint8, without its parts of fewer pixels than ``smallest_px``.

    What a part surrounds counts with it. Its pixels follow from its outline by Pick's theorem: the polygon through
    the outline's pixels, half of these, and one.
    """
    contours, _ = cv2.findContours(_inside(plane), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    small = [outline for outline in contours if cv2.contourArea(outline) + len(outline) / 2 + 1 < smallest_px]
    if len(small) == len(contours):
        return np.zeros_like(plane)
    if not small:
        return plane
    around = cv2.dilate(_drawn(plane, small), np.ones((3, 3), np.uint8))  # their soft rim goes as well
    large = [outline for outline in contours if cv2.contourArea(outline) + len(outline) / 2 + 1 >= smallest_px]
    return np.where((around > 0) & (_drawn(plane, large) == 0), np.uint8(0), plane)


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
