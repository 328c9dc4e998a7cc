"""What is counted from a segmentation."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from segcore.objects.regions import find_regions, regions_of
from segcore.picture.scaling import row_bands
from segcore.segmentation import InstanceMap, Segmentation


@dataclass(frozen=True, slots=True)
class ObjectMeasures:
    """What is measured of one object.

    Attributes
    ----------
    number
        It is the same in every frame of a stream.
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
    """What is measured of a frame.

    Attributes
    ----------
    coverage_percent
        The share of the frame that each label covers, by its name, 0 to 100.
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
        The frame's.

    Returns
    -------
    Measures
        With every label, also one that covers nothing.
    """
    return Measures(_coverage(segmentation), _objects(segmentation))


def _coverage(segmentation: Segmentation) -> dict[str, float]:
    label_map = segmentation.label_map
    percent = 100 / label_map.size
    if len(segmentation.labels) == 1:
        return {segmentation.labels[0].name: cv2.countNonZero(label_map) * percent}
    counts = cv2.calcHist([label_map], [0], None, [256], [0, 256]).ravel()
    return {label.name: float(counts[n]) * percent for n, label in enumerate(segmentation.labels, start=1)}


def _objects(segmentation: Segmentation) -> tuple[ObjectMeasures, ...]:
    if segmentation.instances is None:
        return ()
    regions = regions_of(segmentation)
    columns = (regions.numbers, regions.area_px, regions.box_px, regions.center_px)
    names = _label_names(segmentation, segmentation.instances)
    return tuple(
        ObjectMeasures(number, names[number], area, tuple(box), tuple(center))
        for number, area, box, center in zip(*(column.tolist() for column in columns), strict=True)
    )


def _label_names(segmentation: Segmentation, instances: InstanceMap) -> Mapping[int, str]:
    """Return the name of each object's label by its number; where it has several, of the one that most pixels have."""
    labels = segmentation.labels
    if len(labels) == 1:
        return defaultdict(lambda: labels[0].name)
    area: Counter[int] = Counter()
    for rows in row_bands(*instances.shape):
        both = find_regions(instances[rows] * np.int32(256) + segmentation.label_map[rows])
        area.update(dict(zip(both.numbers.tolist(), both.area_px.tolist(), strict=True)))
    rising = sorted(sorted(area), key=area.__getitem__)
    return {value // 256: labels[value % 256 - 1].name for value in rising if value >= 256}
