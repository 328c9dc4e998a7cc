"""Masks drawn along a picture's own edges: the fast guided filter.

K. He, J. Sun and X. Tang, "Guided Image Filtering" (TPAMI 2013); K. He and J. Sun, "Fast Guided Filter"
(arXiv:1505.00996, 2015).
"""

import cv2
import numpy as np
import numpy.typing as npt

from segcore.picture.scaling import shrink
from segcore.segmentation import Plane, u8

_FLAT = 20.0  # grey levels squared: where the frame varies less than this, it has no edge to follow
_STEEPNESS = 4.0  # the filter fades where there is no edge to follow; so much steeper, it ends
_LARGEST_STEP = 4
_SMALLEST_RADIUS_PX = 3
_MOST_PIXELS = 3840 * 2160 // 4  # that are looked at in floats; a larger frame is reduced even where the reach is small

_Floats = npt.NDArray[np.float32]


class Guide:
    """A picture's brightness, prepared for filtering any number of masks.

    In every window a mask is taken for a linear function of the brightness. These functions are found on a reduced
    image, which costs a sixteenth, and applied at half the size or more.

    Attributes
    ----------
    luma
        (h, w) uint8, the brightness at the size at which masks are filtered.
    """

    def __init__(self, luma: Plane, reach_px: float) -> None:
        """Prepare.

        Parameters
        ----------
        luma
            (H, W) uint8, the brightness.
        reach_px
            How far an edge may move: a window that reaches twice as far still holds more right than wrong.
        """
        height, width = luma.shape
        radius_px = 2 * reach_px
        step = 1
        while (
            step < _LARGEST_STEP
            and (radius_px >= 2 * step * _SMALLEST_RADIUS_PX or height * width > _MOST_PIXELS * step**2)
            and min(height, width) >= 4 * step
        ):
            step *= 2
        self._small = height // step, width // step
        side = 2 * max(1, round(radius_px / step)) + 1
        self._window = (side, side)
        self.luma = shrink(luma, height // 2, width // 2) if step > 1 else luma
        self._small_luma = shrink(self.luma, *self._small).astype(np.float32)
        self._mean = self._average(self._small_luma)
        self._variance = self._average(self._small_luma**2) - self._mean**2 + np.float32(_FLAT)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width at which masks are filtered."""
        height, width = self.luma.shape
        return height, width

    def filter(self, plane: Plane, height: int, width: int) -> Plane:
        """Draw a mask's edge along the picture's.

        Parameters
        ----------
        plane
            (h, w) uint8, of `size`: how sure it is that a pixel belongs to the mask.
        height, width
            Of the result.

        Returns
        -------
        Plane
            (height, width) uint8. What is 0 or 255 all around stays so.
        """
        small = shrink(plane, *self._small).astype(np.float32)
        mean = self._average(small)
        slope = (self._average(self._small_luma * small) - self._mean * mean) / self._variance
        level = mean - slope * self._mean
        slope = self._average(slope) * np.float32(_STEEPNESS)
        level = self._average(level) * np.float32(_STEEPNESS) - np.float32(127.5 * (_STEEPNESS - 1))
        rising = cv2.multiply(self._enlarge(slope), self.luma, dtype=cv2.CV_32F)
        fine = cv2.add(rising, self._enlarge(level), dtype=cv2.CV_8U)  # it rounds and keeps within 0 to 255
        return u8(cv2.resize(fine, (width, height), interpolation=cv2.INTER_LINEAR))

    def _average(self, values: _Floats) -> _Floats:
        return np.asarray(cv2.blur(values, self._window, borderType=cv2.BORDER_REPLICATE), np.float32)

    def _enlarge(self, values: _Floats) -> _Floats:
        return np.asarray(cv2.resize(values, self.size[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
