"""How well masks agree with the truth: the field's own metrics, as pure functions on arrays."""

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import fmean

import cv2
import numpy as np
import numpy.typing as npt

from segcore.iou import BoolMask
from segcore.objects.regions import present_labels
from segcore.segmentation import LabelMap

BOUNDARY_PX = 3


def ratio(part: float, whole: float) -> float:
    """Return ``part / whole``, and 1 for nothing out of nothing: there was nothing to find and nothing to get wrong."""
    return part / whole if whole else 1.0


def boundary(mask: BoolMask) -> BoolMask:
    """Return the boundary of a mask, (H, W) bool: its own pixels that touch the outside, the image's border apart."""
    inside = mask.astype(np.uint8)
    core = cv2.erode(inside, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return np.not_equal(inside, core)


def boundary_f(found: BoolMask, truth: BoolMask, tolerance_px: int = BOUNDARY_PX) -> float:
    """Tell how well the boundaries of two masks lie on each other.

    Precision is the share of the found boundary within the tolerance of the true one, recall the share of the true
    one within the tolerance of the found one; the answer is their harmonic mean (Csurka et al., "What is a good
    evaluation measure for semantic segmentation?", BMVC 2013; Perazzi et al., DAVIS, CVPR 2016).

    Parameters
    ----------
    found, truth
        (H, W) bool, of the same size.
    tolerance_px
        How far apart two boundary pixels may lie, by Euclidean distance.

    Returns
    -------
    float
        0 to 1; 1 if neither has a boundary, 0 if only one has.
    """
    found_edge, true_edge = boundary(found), boundary(truth)
    if not found_edge.any() or not true_edge.any():
        return float(found_edge.any() == true_edge.any())
    precision = float(np.mean(_distance_to(true_edge)[found_edge] <= tolerance_px))
    recall = float(np.mean(_distance_to(found_edge)[true_edge] <= tolerance_px))
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _distance_to(edge: BoolMask) -> npt.NDArray[np.float32]:
    """Return every pixel's distance to the nearest edge pixel, exact (Felzenszwalb and Huttenlocher)."""
    away = (~edge).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


@dataclass(frozen=True, slots=True)
class LabelMetrics:
    """How well one label was found, each metric 0 to 1.

    Attributes
    ----------
    iou, precision, recall
        From the pixels of all images together (Everingham et al., "The PASCAL VOC Challenge", IJCV 2010).
    boundary_f
        As `boundary_f`, the mean over the images that hold the label or where it was found.
    """

    iou: float
    precision: float
    recall: float
    boundary_f: float


@dataclass(slots=True)
class _Count:
    both_px: int = 0
    found_px: int = 0
    true_px: int = 0
    boundary_f: list[float] = field(default_factory=list)


class Tally:
    """Compares label maps with the truth, image by image."""

    def __init__(self) -> None:
        self._counts: defaultdict[int, _Count] = defaultdict(_Count)

    def add(self, found: LabelMap, truth: LabelMap) -> None:
        """Take what was found in an image and what is there, both (H, W) uint8, 0 = background."""
        for value in {*present_labels(found), *present_labels(truth)}:
            found_mask, true_mask = found == value, truth == value
            count = self._counts[value]
            count.both_px += int(np.count_nonzero(found_mask & true_mask))
            count.found_px += int(np.count_nonzero(found_mask))
            count.true_px += int(np.count_nonzero(true_mask))
            count.boundary_f.append(boundary_f(found_mask, true_mask))

    def metrics(self) -> dict[int, LabelMetrics]:
        """Return the metrics of every label that is in the truth or was found, by its value. Background has none."""
        return {
            value: LabelMetrics(
                iou=ratio(count.both_px, count.found_px + count.true_px - count.both_px),
                precision=ratio(count.both_px, count.found_px),
                recall=ratio(count.both_px, count.true_px),
                boundary_f=fmean(count.boundary_f),
            )
            for value, count in sorted(self._counts.items())
        }


def mean_metrics(metrics: dict[int, LabelMetrics]) -> LabelMetrics:
    """Return the mean over labels, each counting alike; 1 throughout if there is none."""
    every = list(metrics.values()) or [LabelMetrics(1, 1, 1, 1)]
    return LabelMetrics(*(fmean(getattr(one, name) for one in every) for name in LabelMetrics.__slots__))
