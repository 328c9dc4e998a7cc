"""Making images smaller, fast and without aliasing; and what keeps the cost of an image to that of its pixels."""

import math
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from segcore.segmentation import Plane, u8

_BAND_PIXELS = 1 << 20
_MOST_UPRIGHT = 4  # no screen and no page is higher in its width; a scrolled one is
_WIDE_SIGMA_PX = 24.0


def shrink(image: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
    """Return an image at another, as a rule smaller, size.

    It is halved, each pixel the mean of four, until the rest is less than a half, and that rest is interpolated. This
    looks like ``cv2.INTER_AREA`` in one step and takes a third to a seventh of its time.

    Parameters
    ----------
    image
        (H, W) or (H, W, 3) uint8.
    height, width
        The new size in pixels.
    """
    while image.shape[0] >= 2 * height and image.shape[1] >= 2 * width:
        half = image.shape[1] // 2, image.shape[0] // 2
        image = u8(cv2.resize(image, half, interpolation=cv2.INTER_AREA))
    if image.shape[:2] == (height, width):
        return image
    return u8(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR))


def reduced_size(height: int, width: int, pixels: int) -> tuple[int, int]:
    """Return the height and width of an image of the same shape with about so many pixels, or its own if smaller."""
    scale = min(1.0, math.sqrt(pixels / (height * width)))
    return max(1, round(height * scale)), max(1, round(width * scale))


def fit_within(image: npt.NDArray[np.uint8], width: int, height: int) -> npt.NDArray[np.uint8]:
    """Return an image, (H, W, 3) uint8, at most ``width`` pixels wide and ``height`` high, its shape kept."""
    scale = min(width / image.shape[1], height / image.shape[0])
    if scale >= 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return u8(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def reference_height(height: int, width: int) -> int:
    """Return the height that lengths given as its share refer to: four times the width of an image that is higher."""
    return min(height, _MOST_UPRIGHT * width)


def row_bands(height: int, width: int) -> Iterator[slice]:
    """Cut a picture's rows into bands of about a million pixels, so that what is made on the way to a result is small.

    An image of 1280x720 is one band.
    """
    rows = max(1, _BAND_PIXELS // width)
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))


def wider(band: slice, rows: int, height: int) -> tuple[slice, slice]:
    """Return a band with so many rows more above and below where there are any, and where the band lies in that."""
    top = max(0, band.start - rows)
    return slice(top, min(band.stop + rows, height)), slice(band.start - top, band.stop - top)


def gaussian(plane: Plane, sigma_px: float) -> Plane:
    """Blur a plane by a Gaussian.

    A wide one is three means over squares, whose time does not grow with the width: W. M. Wells, "Efficient synthesis
    of Gaussian filters by cascaded uniform filters", IEEE PAMI 8(2), 1986.

    Parameters
    ----------
    plane
        (H, W) uint8.
    sigma_px
        Its standard deviation in pixels, above 0.
    """
    if sigma_px <= _WIDE_SIGMA_PX:
        return u8(cv2.GaussianBlur(plane, (0, 0), sigma_px))
    side = round(math.sqrt(4 * sigma_px**2 + 1)) | 1  # three squares have three times its (side² - 1) / 12 as variance
    for _ in range(3):
        plane = u8(cv2.blur(plane, (side, side)))
    return plane
