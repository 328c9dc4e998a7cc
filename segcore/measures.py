"""What is counted from a segmentation."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2

from segcore.segmentation import Segmentation


@dataclass(frozen=True, slots=True)
class ObjectMeasures:
    """One object's figures.

    Attributes
    ----------
    number
        It is the same in every picture of a stream.
    label
        The name of its label.
    area_px
        Its pixels.
    box_px
        Left, top, width and height of the smallest upright box around it.
    center_px
        The mean x and y of its pixels.
    """

    number: int
    label: str
    area_px: int
    box_px: tuple[int, int, int, int]
    center_px: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Measures:
    """A frame's figures.

    Attributes
    ----------
    coverage_percent
        The share of the picture that each label covers, by its name, 0 to 100.
    objects
        Every object, by rising number; empty if the method does not tell objects apart.
    """

    coverage_percent: Mapping[str, float]
    objects: tuple[ObjectMeasures, ...] = ()


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
