"""Masks that stand still where the frame does: an average over time that gives way to motion."""

import cv2
import numpy as np
import numpy.typing as npt

from segcore.picture.scaling import reduced_size, shrink
from segcore.segmentation import Plane, u8

_HEIGHT_PX = 90  # motion is looked for at this height: camera noise averages out there
_MOST_PIXELS = 90 * 900  # of a frame that is far wider than high
_NOISE_LEVELS = 3  # a change of brightness up to this is noise
_MOTION_LEVELS = 9  # and from this on motion; between them, something of both
_SPREAD_PX = 5  # motion also counts this far around, in pixels of the small frame

MaskPlanes = dict[int, Plane]
"""The confidence of the labels that are in a frame, by their value: (H, W) uint8, 0 to 255."""


class Steadier:
    """Averages the masks of one stream over time (exponential smoothing), pixel by pixel.

    Where the frame moves the new mask is taken as it is. The frame that motion is told from is averaged just like
    the masks, so that slow motion adds up until it is seen.
    """

    def __init__(self, smoothing: float) -> None:
        """Set how much of the mask before is kept where nothing moves, 0 to 1."""
        self._kept = self._kept_by_change(smoothing)
        self._still: npt.NDArray[np.float32] | None = None
        self._before: MaskPlanes = {}
        self._size = (0, 0)

    def steady(self, planes: MaskPlanes, luma: Plane) -> MaskPlanes:
        """Average the next masks with those before.

        Parameters
        ----------
        planes
            Left as they are.
        luma
            (H, W) uint8, the brightness of their frame.

        Returns
        -------
        dict
            New planes, also of labels that are fading.
        """
        kept = self._kept_share(luma)
        if kept is None:
            self._before = planes
            return planes
        new = u8(cv2.bitwise_not(kept))
        nothing = np.zeros_like(luma)
        self._before = {
            value: u8(
                cv2.add(
                    cv2.multiply(self._before.get(value, nothing), kept, scale=1 / 255),
                    cv2.multiply(planes.get(value, nothing), new, scale=1 / 255),
                )
            )
            for value in sorted(self._before.keys() | planes.keys())
        }
        self._before = {value: plane for value, plane in self._before.items() if value in planes or plane.any()}
        return self._before

    def _kept_share(self, luma: Plane) -> Plane | None:
        """Return how much of the mask before is kept, (H, W) uint8, 255 = all; None if nothing was before."""
        height, width = luma.shape
        rows = min(height, _HEIGHT_PX)
        rows, columns = reduced_size(rows, max(1, width * rows // height), _MOST_PIXELS)
        small = cv2.blur(shrink(luma, rows, columns), (3, 3)).astype(np.float32)
        if self._still is None or self._size != (height, width):
            self._still, self._size = small, (height, width)
            return None
        change = cv2.convertScaleAbs(cv2.absdiff(small, self._still))
        change = cv2.dilate(change, np.ones((2 * _SPREAD_PX + 1, 2 * _SPREAD_PX + 1), np.uint8))
        kept = u8(cv2.LUT(change, self._kept))
        share = kept.astype(np.float32) / np.float32(255)
        self._still += (small - self._still) * (1 - share)
        return u8(cv2.resize(kept, (width, height), interpolation=cv2.INTER_LINEAR))

    @staticmethod
    def _kept_by_change(smoothing: float) -> npt.NDArray[np.uint8]:
        """Return how much is kept, 0 to 255, for every change of brightness."""
        stillness = np.interp(np.arange(256), (_NOISE_LEVELS, _MOTION_LEVELS), (1, 0))
        return np.rint(255 * smoothing * stillness).astype(np.uint8)
