"""Making pictures smaller, fast and without aliasing."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from segcore.segmentation import u8


def shrink(picture: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
    """Return a picture at another, as a rule smaller, size.

    It is halved, each pixel the mean of four, until the rest is less than a half, and that rest is interpolated. This
    looks like ``cv2.INTER_AREA`` in one step and takes a third to a seventh of its time.

    Parameters
    ----------
    picture
        (H, W) or (H, W, 3) uint8.
    height, width
        The new size in pixels.
    """
    while picture.shape[0] >= 2 * height and picture.shape[1] >= 2 * width:
        half = picture.shape[1] // 2, picture.shape[0] // 2
        picture = u8(cv2.resize(picture, half, interpolation=cv2.INTER_AREA))
    if picture.shape[:2] == (height, width):
        return picture
    return u8(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR))


def reduced_size(height: int, width: int, pixels: int) -> tuple[int, int]:
    """Return the height and width of a picture of the same shape with about so many pixels, or its own if smaller."""
    scale = min(1.0, math.sqrt(pixels / (height * width)))
    return max(1, round(height * scale)), max(1, round(width * scale))


def fit_width(picture: npt.NDArray[np.uint8], width: int) -> npt.NDArray[np.uint8]:
    """Return a picture, (H, W, 3) uint8, at most ``width`` pixels wide, its shape kept."""
    if picture.shape[1] <= width:
        return picture
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return u8(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
