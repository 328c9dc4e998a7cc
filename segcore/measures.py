"""What is counted from a segmentation."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2

from segcore.segmentation import Segmentation


@dataclass(frozen=True, slots=True)
class Measures:
    """A frame's figures.

    Attributes
    ----------
    coverage_percent
        The share of the picture that each label covers, by its name, 0 to 100.
    """

    coverage_percent: Mapping[str, float]


def measure(segmentation: Segmentation) -> Measures:
    """Count a segmentation's pixels.

    Parameters
    ----------
    segmentation
        A picture, split.

    Returns
    -------
    Measures
        With every label, also one that covers nothing.
    """
    label_map = segmentation.label_map
    percent = 100 / label_map.size
    if len(segmentation.labels) == 1:
        return Measures({segmentation.labels[0].name: cv2.countNonZero(label_map) * percent})
    counts = cv2.calcHist([label_map], [0], None, [256], [0, 256]).ravel()
    return Measures({label.name: float(counts[n]) * percent for n, label in enumerate(segmentation.labels, start=1)})
