"""Refining any method's result before it is drawn: steadier, cleaner, and cut along the frame's own edges."""

import math
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from segcore.memory import NOTHING, Memory
from segcore.objects.regions import present_labels
from segcore.options import Options, unit
from segcore.picture.frame import Frame
from segcore.picture.scaling import reduced_size, reference_height, row_bands, shrink
from segcore.refinement.cleaning import close_gaps, fill_holes, remove_small_parts, remove_thin_parts
from segcore.refinement.guided import Guide
from segcore.refinement.steadying import MaskPlanes, Steadier
from segcore.segmentation import (
    MOST_PLANE_PIXELS,
    InstanceMap,
    LabelMap,
    Plane,
    Segmentation,
    empty_confidence,
    u8,
)

_HALF = 127  # more than this is more likely than not
_MOST_PIXELS = 1 << 22  # on which nearest objects are looked for: a larger map takes its numbers from a coarser one


class Refinement(Options):
    """How a result is refined. Every step is off at 0. Lengths are shares of the picture's height."""

    smoothing: float = Field(
        default=0,
        ge=0,
        le=0.9,
        title="Steadiness",
        description="How much of the result before is kept where nothing moves.",
        json_schema_extra=unit("", 0.05),
    )
    open_percent: float = Field(
        default=0,
        ge=0,
        le=3,
        title="Remove specks",
        description="Parts thinner than this go (opening).",
        json_schema_extra=unit("%", 0.1),
    )
    close_percent: float = Field(
        default=0,
        ge=0,
        le=3,
        title="Close gaps",
        description="Gaps narrower than this are closed (closing).",
        json_schema_extra=unit("%", 0.1),
    )
    fill_holes: bool = Field(default=False, title="Fill holes", description="What a part surrounds belongs to it.")
    smallest_percent: float = Field(
        default=0,
        ge=0,
        le=10,
        title="Smallest part",
        description="Smaller parts go; a share of the picture.",
        json_schema_extra=unit("%", 0.1),
    )
    edge_percent: float = Field(
        default=0,
        ge=0,
        le=2,
        title="Follow edges",
        description="How far an edge may move to the picture's own.",
        json_schema_extra=unit("%", 0.1),
    )
    feather_percent: float = Field(
        default=0, ge=0, le=3, title="Feather", description="How wide an edge fades.", json_schema_extra=unit("%", 0.1)
    )

    @property
    def memory(self) -> Memory:
        """The frames after which nothing is left of a mask that was averaged in: with a steadiness of 0.8, 25."""
        return Memory(math.ceil(math.log(1 / 255, self.smoothing))) if self.smoothing else NOTHING

    def build(self) -> "Refiner":
        """Return a refiner for one stream."""
        return Refiner(self)


class Refiner:
    """Refines the results of one stream. It remembers the one before."""

    def __init__(self, options: Refinement) -> None:
        self._options = options
        self._off = options == Refinement()
        self._steadier = Steadier(options.smoothing)
        self._names: tuple[str, ...] = ()

    def refine(self, segmentation: Segmentation, frame: Frame) -> Segmentation:
        """Refine one result.

        Parameters
        ----------
        segmentation
            Left as it is.
        frame
            The one that was segmented.

        Returns
        -------
        Segmentation
            A new one, or the same where every step is off. It has confidence if a step makes soft edges or
            there was confidence before.
        """
        if self._off:
            return segmentation
        options, (height, width) = self._options, frame.size
        softened = bool(options.smoothing or options.edge_percent or options.feather_percent)
        reach_px = reference_height(height, width) * options.edge_percent / 100
        guide = Guide(frame.luma, reach_px) if reach_px else None
        # The guide draws the edges anew, so all before it may be done at its size.
        present = _present(segmentation)
        size = reduced_size(*(guide.size if guide else frame.size), MOST_PLANE_PIXELS // max(1, len(present)))
        planes = {value: shrink(_plane_of(segmentation, value), *size) for value in present}
        if options.smoothing:
            names = tuple(label.name for label in segmentation.labels)
            if names != self._names:  # another set of labels: what was before says nothing
                self._steadier, self._names = Steadier(options.smoothing), names
            planes = self._steadier.steady(planes, shrink(guide.luma if guide else frame.luma, *size))
        planes = self._clean(planes)
        soft = softened or segmentation.soft
        label_map, confidence = self._finish(planes, guide, len(segmentation.labels), frame.size, soft=soft)
        instances = segmentation.instances
        if instances is not None:
            instances = carry_numbers(instances, segmentation.label_map, label_map)
        return replace(segmentation, label_map=label_map, confidence=confidence, instances=instances)

    def _finish(
        self, planes: MaskPlanes, guide: Guide | None, labels: int, size: tuple[int, int], *, soft: bool
    ) -> tuple[LabelMap, npt.NDArray[np.uint8] | None]:
        """Bring planes to the picture's size and return the label map, and confidence if soft and if there is room.

        One plane at a time: each may be 25 MB. The label of the highest confidence, the first where two are equal;
        background is what is left of 255.
        """
        if labels == 1 and planes:
            plane = self._at_size(planes[1], guide, *size)
            return u8(cv2.threshold(plane, _HALF, 1, cv2.THRESH_BINARY)[1]), plane[None] if soft else None
        confidence = empty_confidence(labels, len(planes), *size) if soft else None
        label_map, best, total = (np.zeros(size, np.uint8) for _ in range(3))
        for value in sorted(planes):
            plane = self._at_size(planes[value], guide, *size)
            if confidence is not None:
                confidence[value - 1] = plane
            higher = u8(cv2.compare(plane, best, cv2.CMP_GT))
            cv2.max(label_map, cv2.threshold(higher, 0, value, cv2.THRESH_BINARY)[1], label_map)  # values ascend
            cv2.max(best, plane, best)
            cv2.add(total, plane, total)  # stays within 255
        surely = cv2.compare(best, cv2.bitwise_not(total), cv2.CMP_GT)
        return u8(cv2.bitwise_and(label_map, surely)), confidence

    def _at_size(self, plane: Plane, guide: Guide | None, height: int, width: int) -> Plane:
        if guide:
            plane = guide.filter(shrink(plane, *guide.size), height, width)
        plane = shrink(plane, height, width)
        if side := _length_px(self._options.feather_percent, height, width) - 1:
            plane = u8(cv2.blur(plane, (side + 1, side + 1)))
        return plane

    def _clean(self, planes: MaskPlanes) -> MaskPlanes:
        """Clean every label by itself. It grows over background only, never over another label."""
        room = cv2.bitwise_not(_sum(planes)) if len(planes) > 1 else None
        cleaned = {}
        for value, plane in planes.items():
            clean = self._clean_one(plane)
            if room is not None and clean is not plane:
                grown = cv2.min(cv2.subtract(clean, plane), room)
                clean = u8(cv2.add(cv2.min(clean, plane), grown))
                room = cv2.subtract(room, grown)
            cleaned[value] = clean
        return cleaned

    def _clean_one(self, plane: Plane) -> Plane:
        options = self._options
        if options.open_percent:
            plane = remove_thin_parts(plane, _length_px(options.open_percent, *plane.shape))
        if options.close_percent:
            plane = close_gaps(plane, _length_px(options.close_percent, *plane.shape))
        if options.fill_holes:
            plane = fill_holes(plane)
        if options.smallest_percent:
            plane = remove_small_parts(plane, plane.size * options.smallest_percent / 100)
        return plane


def carry_numbers(instances: InstanceMap, label_map_before: LabelMap, label_map: LabelMap) -> InstanceMap:
    """Bring objects' numbers to a refined label map.

    Parameters
    ----------
    instances, label_map_before
        (H, W), as they were found.
    label_map
        (H, W) uint8, refined.

    Returns
    -------
    InstanceMap
        (H, W) int32. A pixel that a label has won takes the number of the nearest object if that has its label.
    """
    kept = (label_map == label_map_before) & (instances > 0)
    carried = np.where(kept, instances, np.int32(0))
    won = (label_map > 0) & (label_map != label_map_before)
    if not won.any() or not kept.any():
        return carried
    step = math.ceil(math.sqrt(kept.size / _MOST_PIXELS))
    kept, numbers, labels = kept[::step, ::step], carried[::step, ::step], label_map[::step, ::step]
    # With scipy's exact transform all of this takes 2.2 times as long (median of 66 photos), and 0.7 % of the pixels
    # that changed have another number: tests/bench/libraries.py.
    _, nearest = cv2.distanceTransformWithLabels(
        (~kept).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    number_of, label_of = np.zeros(nearest.max() + 1, np.int32), np.zeros(nearest.max() + 1, np.uint8)
    number_of[nearest[kept]] = numbers[kept]
    label_of[nearest[kept]] = labels[kept]
    for rows in row_bands(*won.shape):
        down, across = won[rows].nonzero()
        source = nearest[(down + rows.start) // step, across // step]
        same = label_of[source] == label_map[rows][down, across]
        carried[rows][down, across] = np.where(same, number_of[source], 0)
    return carried


def _length_px(percent: float, height: int, width: int) -> int:
    """Return a share of the height in pixels, odd, so that nothing shifts."""
    return 2 * int(reference_height(height, width) * percent / 200) + 1


def _present(segmentation: Segmentation) -> list[int]:
    """Return the values of the labels that are in the frame, rising."""
    if segmentation.confidence is not None:
        return [value for value, plane in enumerate(segmentation.confidence, 1) if cv2.hasNonZero(plane)]
    return present_labels(segmentation.label_map)


def _plane_of(segmentation: Segmentation, value: int) -> Plane:
    """Return the confidence of a label, (H, W) uint8; 0 or 255 where the method is always sure."""
    return segmentation.mask(value).opacity()


def _sum(planes: MaskPlanes) -> Plane:
    """Return how sure it is that any label is there, (H, W) uint8."""
    first, *others = planes.values()
    for other in others:
        first = u8(cv2.add(first, other))  # stays within 255
    return first
