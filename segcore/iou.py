"""How far two masks, or two label maps, agree."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from segcore.segmentation import LabelMap

BoolMask = npt.NDArray[np.bool_]
"""(H, W) bool."""


def iou(found: BoolMask, truth: BoolMask) -> float:
    """Return intersection over union (Jaccard index) of two (H, W) bool masks, 0 to 1; 1 if both are empty."""
    union = np.count_nonzero(found | truth)
    return float(np.count_nonzero(found & truth) / union) if union else 1.0


def mean_iou(first: LabelMap, second: LabelMap, labels: Iterable[int]) -> float:
    """Return the mean intersection over union of some labels; one that is in neither map does not count.

    Parameters
    ----------
    first, second
        (H, W) uint8.
    labels
        The values to compare, 0 for background.

    Returns
    -------
    float
        0 to 1; 1 if no label counts.
    """
    pairs = ((first == value, second == value) for value in labels)
    shares = [iou(one, other) for one, other in pairs if one.any() or other.any()]
    return float(np.mean(shares)) if shares else 1.0
