"""What is done to any method's result before it is drawn: steadier, cleaner, and cut along the picture's own edges."""

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from segcore.canvas import Canvas
from segcore.options import Options, unit
from segcore.refinement.cleaning import closed, filled, opened, without_small_parts
from segcore.refinement.guided import Guide
from segcore.refinement.steadying import MaskPlanes, Steadier
from segcore.regions import present_labels
from segcore.scaling import shrink
from segcore.segmentation import InstanceMap, LabelMap, Plane, Segmentation, in_range, u8

_HALF = 127  # more than this is more likely than not


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

    def refine(self, segmentation: Segmentation, canvas: Canvas) -> Segmentation:
        """Refine one result.

        Parameters
        ----------
        segmentation
            Left as it is.
        canvas
            The picture behind it, of the same size.

        Returns
        -------
        Segmentation
            A new one, or the same where every step is off. It has confidence if a step makes soft edges or
            there was confidence before.
        """
        if self._off:
            return segmentation
        options, (height, width) = self._options, canvas.size
        softened = bool(options.smoothing or options.edge_percent or options.feather_percent)
        planes = _planes_of(segmentation)
        guide = Guide(canvas.luma(), height * options.edge_percent / 100) if options.edge_percent else None
        if guide:  # it draws the edges anew, so all before it may be done at its size
            planes = {value: shrink(plane, *guide.size) for value, plane in planes.items()}
        if options.smoothing:
            names = tuple(label.name for label in segmentation.labels)
            if names != self._names:  # another set of labels: what was before says nothing
                self._steadier, self._names = Steadier(options.smoothing), names
            planes = self._steadier.steady(planes, guide.luma if guide else canvas.luma())
        planes = self._clean(planes)
        if guide:
            planes = {value: guide.filter(plane, height, width) for value, plane in planes.items()}
        if options.feather_percent:
            side = _length_px(options.feather_percent, height)
            planes = {value: u8(cv2.blur(plane, (side, side))) for value, plane in planes.items()}
        label_map = _label_map(planes, height, width)
        instances = segmentation.instances
        if instances is not None:
            instances = carry_numbers(instances, segmentation.label_map, label_map)
        confidence = _stack(planes, len(segmentation.labels), height, width) if softened or segmentation.soft else None
        return replace(segmentation, label_map=label_map, confidence=confidence, instances=instances)

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
        options, height = self._options, plane.shape[0]
        if options.open_percent:
            plane = opened(plane, _length_px(options.open_percent, height))
        if options.close_percent:
            plane = closed(plane, _length_px(options.close_percent, height))
        if options.fill_holes:
            plane = filled(plane)
        if options.smallest_percent:
            plane = without_small_parts(plane, plane.size * options.smallest_percent / 100)
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
    away = (~kept).astype(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    where = np.zeros(nearest.max() + 1, np.int64)
    where[nearest[kept]] = np.flatnonzero(kept)
    source = where[nearest[won]]
    same = label_map.reshape(-1)[source] == label_map[won]
    carried[won] = np.where(same, carried.reshape(-1)[source], 0)
    return carried


def _length_px(percent: float, height: int) -> int:
    """Return a share of the height in pixels, odd, so that nothing shifts."""
    return 2 * int(height * percent / 200) + 1


def _planes_of(segmentation: Segmentation) -> MaskPlanes:
    """Return the confidence of every label that is in the picture; 0 or 255 where the method is always sure."""
    if segmentation.confidence is not None:
        return {value: plane for value, plane in enumerate(segmentation.confidence, 1) if cv2.countNonZero(plane)}
    return {value: in_range(segmentation.label_map, value, value) for value in present_labels(segmentation.label_map)}


def _label_map(planes: MaskPlanes, height: int, width: int) -> LabelMap:
    """Return the label of the highest confidence, the first where two are equal; background is what is left of 255."""
    if len(planes) == 1:
        [(value, plane)] = planes.items()
        return u8(cv2.threshold(plane, _HALF, value, cv2.THRESH_BINARY)[1])
    label_map = np.zeros((height, width), np.uint8)
    if not planes:
        return label_map
    best = u8(cv2.bitwise_not(_sum(planes)))
    for value, plane in planes.items():
        higher = u8(cv2.compare(plane, best, cv2.CMP_GT))
        label_map[higher > 0] = value
        best = u8(cv2.max(best, plane))
    return label_map


def _sum(planes: MaskPlanes) -> Plane:
    """Return how sure it is that any label is there, (H, W) uint8."""
    first, *others = planes.values()
    for other in others:
        first = u8(cv2.add(first, other))  # stays within 255
    return first


def _stack(planes: MaskPlanes, labels: int, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Return planes as `Segmentation` has them, (labels, height, width) uint8."""
    if labels == 1 and planes:
        return planes[1][None]
    stacked = np.zeros((labels, height, width), np.uint8)  # pages that are never written cost nothing
    for value, plane in planes.items():
        stacked[value - 1] = plane
    return stacked
