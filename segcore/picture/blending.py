"""The arithmetic behind a canvas: mixing planes by a mask, and blurring them around one."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from segcore.picture.scaling import row_bands, wider
from segcore.segmentation import Plane, u8

_LARGEST_STACK_PX = 127  # radius that cv2.stackBlur takes


def blurred_by_certainty(
    planes: Sequence[npt.NDArray[np.uint8]], certainty: Plane, radius_px: float
) -> list[npt.NDArray[np.uint8]]:
    """Return planes of one size, (h, w) or (h, w, 3), blurred, each pixel counting as much as it is certain, 1 to 255.

    In floats, for OpenCV's stackBlur overflows in 16 bits.
    """
    reach = min(max(1, round(radius_px)), _LARGEST_STACK_PX)
    side = (2 * reach + 1, 2 * reach + 1)
    blurred = [np.empty_like(plane) for plane in planes]
    for rows in row_bands(*certainty.shape):
        around, inner = wider(rows, 2 * reach, len(certainty))  # stackBlur needs as many rows as its square has
        certain = certainty[around]
        weight = cv2.stackBlur(certain.astype(np.float32), side)
        for plane, target in zip(planes, blurred, strict=True):
            if plane.ndim == 3 and weight.ndim == 2:
                certain, weight = u8(cv2.merge([certain] * 3)), cv2.merge([weight] * 3)
            weighted = cv2.stackBlur(cv2.multiply(plane[around], certain, dtype=cv2.CV_32F), side)
            target[rows] = cv2.divide(weighted, weight, dtype=cv2.CV_8U)[inner]
    return blurred


def mix(below: npt.NDArray[np.uint8], above: npt.NDArray[np.uint8], mask: Plane, target: npt.NDArray[np.uint8]) -> None:
    """Write ``below * (255 - mask) / 255 + above * mask / 255``, each rounded, to ``target``.

    Where the mask is 0 or 255 this is exact; between, it is off by one at most.
    """
    for rows in row_bands(*mask.shape):
        share = mask[rows] if below.ndim == 2 else u8(cv2.merge([mask[rows]] * 3))
        mixed = target[rows]
        cv2.multiply(below[rows], cv2.bitwise_not(share), mixed, 1 / 255)
        cv2.add(mixed, cv2.multiply(above[rows], share, scale=1 / 255), mixed)
