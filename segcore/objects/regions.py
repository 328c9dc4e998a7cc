"""Which labels a frame holds, and the region of each of its numbered objects: pixels, box and centre."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from segcore.picture.scaling import row_bands
from segcore.segmentation import InstanceMap, LabelMap, Segmentation


def present_labels(label_map: LabelMap) -> list[int]:
    """Return the values of the labels that have a pixel, rising, without background."""
    counts = cv2.calcHist([label_map], [0], None, [256], [0, 256])
    return [value for value in np.flatnonzero(counts).tolist() if value]


@dataclass(frozen=True, slots=True)
class Regions:
    """What is measured of N numbered objects, by rising number.

    Attributes
    ----------
    numbers
        (N,) int32.
    area_px
        (N,) int64, pixels.
    box_px
        (N, 4) int64: left, top, width, height.
    center_px
        (N, 2) float64: the mean x and y of the pixels.
    first_px
        (N,) int64: the first pixel, counted from the top left along the rows.
    """

    numbers: npt.NDArray[np.int32]
    area_px: npt.NDArray[np.int64]
    box_px: npt.NDArray[np.int64]
    center_px: npt.NDArray[np.float64]
    first_px: npt.NDArray[np.int64]


def renumber(segmentation: Segmentation, numbers: npt.NDArray[np.int32]) -> Segmentation:
    """Return a segmentation whose objects have other numbers.

    Parameters
    ----------
    segmentation
        With instances.
    numbers
        (N,) int32, all different: the new number of each of its regions. The regions themselves are not found again.
    """
    assert segmentation.instances is not None
    regions = regions_of(segmentation)
    table = np.zeros(int(regions.numbers.max(initial=0)) + 1, np.int32)
    table[regions.numbers] = numbers
    instances = np.empty_like(segmentation.instances)
    for rows in row_bands(*instances.shape):  # numpy turns what it looks up into 64 bits
        table.take(segmentation.instances[rows], out=instances[rows], mode="clip")
    renumbered = replace(segmentation, instances=instances)
    rising = np.argsort(numbers)
    known = Regions(
        numbers[rising],
        regions.area_px[rising],
        regions.box_px[rising],
        regions.center_px[rising],
        regions.first_px[rising],
    )
    renumbered.compute(_regions_of, known)
    return renumbered


def regions_of(segmentation: Segmentation) -> Regions:
    """Return the regions of a segmentation that has instances, found once for all who ask."""
    return segmentation.compute(_regions_of)


def _regions_of(segmentation: Segmentation) -> Regions:
    assert segmentation.instances is not None
    return find_regions(segmentation.instances)


def find_regions(instances: InstanceMap) -> Regions:
    """Count every object's pixels, exactly.

    Pixels are counted by runs, the stretches of a row with one number: there are a hundred times fewer of them. In the
    worst case there are as many, so a large map is counted in bands.

    Parameters
    ----------
    instances
        (H, W) int32, 0 = no object.

    Returns
    -------
    Regions
        Of all objects that have a pixel.
    """
    height, width = instances.shape
    bands = list(row_bands(height, width))
    if len(bands) == 1:
        return _find_regions(instances)
    found = [_find_regions(instances[rows]) for rows in bands]
    numbers, which = np.unique(np.concatenate([part.numbers for part in found]), return_inverse=True)
    tops = np.repeat([rows.start for rows in bands], [len(part.numbers) for part in found])
    part_area = np.concatenate([part.area_px for part in found])
    box = np.concatenate([part.box_px for part in found])
    center = np.concatenate([part.center_px for part in found])
    box[:, 1] += tops
    center[:, 1] += tops
    area = np.bincount(which, part_area)
    centers = [np.bincount(which, part_area * along) / area for along in center.T]
    corners = np.full((len(numbers), 2), max(height, width), np.int64)
    ends = np.zeros_like(corners)
    np.minimum.at(corners, which, box[:, :2])
    np.maximum.at(ends, which, box[:, :2] + box[:, 2:])
    first = np.full(len(numbers), instances.size, np.int64)
    np.minimum.at(first, which, np.concatenate([part.first_px for part in found]) + tops * width)
    boxes = np.concatenate([corners, ends - corners], axis=1)
    return Regions(numbers, area.astype(np.int64), boxes, np.stack(centers, axis=1), first)


def _find_regions(instances: InstanceMap) -> Regions:
    width, cells = instances.shape[1], instances.reshape(-1)
    begins = np.empty(cells.shape, np.bool_)
    np.not_equal(cells[1:], cells[:-1], out=begins[1:])
    begins[::width] = True
    start = np.flatnonzero(begins)
    length = np.diff(start, append=cells.size)
    value = cells[start]
    start, length, value = start[value > 0], length[value > 0], value[value > 0]
    top, left = np.divmod(start, width)
    numbers, first, which = np.unique(value, return_index=True, return_inverse=True)

    area = np.bincount(which, length)
    center_x = np.bincount(which, length * (left + (length - 1) / 2)) / area
    center_y = np.bincount(which, length * top) / area
    box = np.zeros((len(numbers), 4), np.int64)
    box[:, :2] = instances.shape[::-1]
    np.minimum.at(box[:, 0], which, left)
    np.maximum.at(box[:, 2], which, left + length)
    np.maximum.at(box[:, 3], which, top + 1)
    box[:, 1] = top[first]  # runs come row by row
    box[:, 2:] -= box[:, :2]
    return Regions(numbers, area.astype(np.int64), box, np.stack([center_x, center_y], axis=1), start[first])
