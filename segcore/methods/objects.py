"""Number the objects in what any other method finds: touching ones are separated, and each keeps its number."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field, SerializeAsAny

from segcore import methods
from segcore.memory import Memory
from segcore.methods.base import MethodOptions, Segmenter
from segcore.methods.threshold import ThresholdOptions
from segcore.objects.regions import Regions, find_regions, present_labels, regions_of, renumber
from segcore.objects.tracker import Tracker
from segcore.objects.watershed import separate_touching
from segcore.options import chosen_by, unit
from segcore.picture.frame import Frame
from segcore.picture.scaling import row_bands, shrink
from segcore.segmentation import InstanceMap, Plane, Segmentation, u8

_LONGEST_PX = 500  # objects are separated on a map that is halved until it is no longer than this


class _Sources(Mapping[str, type[MethodOptions]]):
    """Every other method by its name, looked up when it is needed: some are loaded after this one."""

    def __getitem__(self, name: str) -> type[MethodOptions]:
        if name == "objects":
            raise KeyError(name)
        return methods.METHODS[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in methods.METHODS if name != "objects")

    def __len__(self) -> int:
        return len(methods.METHODS) - 1


SOURCES = _Sources()


class ObjectsOptions(MethodOptions):
    """Number the objects that another method finds."""

    title: ClassVar[str] = "Numbered objects"
    method: Literal["objects"] = "objects"
    source: Annotated[SerializeAsAny[MethodOptions], chosen_by("method", SOURCES)] = Field(
        default=ThresholdOptions(), title="Found by", description="The method whose finds are numbered."
    )
    neck: float = Field(
        default=0.7,
        ge=0,
        le=0.95,
        title="Part at necks",
        description="A neck narrower than this share of the narrower object parts the two; at 0 none does.",
        json_schema_extra=unit("", 0.05),
    )
    smallest_percent: float = Field(
        default=0.05,
        ge=0.01,
        le=10,
        title="Smallest object",
        description="Smaller ones are left out; a share of the picture.",
        json_schema_extra=unit("%", 0.01),
    )

    @property
    def numbers_objects(self) -> bool:
        """Always: that is what it is for."""
        return True

    @property
    def memory(self) -> Memory:
        """What finding the objects remembers; numbering them always remembers everything."""
        return self.source.memory

    def build(self) -> "ObjectsSegmenter":
        """Return the segmenter, which numbers the objects of each frame by itself."""
        return ObjectsSegmenter(self, self.source.build())

    def build_numberer(self) -> "ObjectNumberer":
        """Return what keeps their numbers from frame to frame."""
        return ObjectNumberer()


class ObjectsSegmenter:
    """Separates the objects in what another segmenter finds, and numbers those of each frame from 1 on."""

    def __init__(self, options: ObjectsOptions, source: Segmenter) -> None:
        self._options = options
        self._source = source

    def segment(self, frame: Frame) -> Segmentation:
        """Segment a frame as the source does, and separate its objects.

        Parameters
        ----------
        frame
            Of any size.

        Returns
        -------
        Segmentation
            The source's, with ``instances``, numbered from the top left; what is too small for an object is background.
        """
        found = self._source.segment(frame)
        values = [1] if len(found.labels) == 1 else present_labels(found.label_map) or [1]
        layers = [_Layer.of(found, value, self._options.neck) for value in values]
        instances = np.empty(found.label_map.shape, np.int32)
        for place, (layer, numbers) in enumerate(zip(layers, self._number(layers), strict=True)):
            numbered = numbers.take(layer.parts)
            mask = found.hard_mask(layer.value).opacity()
            _paint(numbered, mask, instances, over=place > 0)
            too_small = (numbered == 0) & (layer.parts > 0)
            if too_small.any():
                found = _without(found, layer.value, mask, too_small)
        return replace(found, instances=instances)

    def _number(self, layers: "list[_Layer]") -> list[npt.NDArray[np.int32]]:
        """Return each layer's numbers by its parts; 0 for a part that is too small for an object."""
        shares = np.concatenate([layer.share for layer in layers])
        first = np.concatenate([layer.regions.first_px for layer in layers])
        kept = np.flatnonzero(shares * 100 >= self._options.smallest_percent)
        kept = kept[np.argsort(first[kept], kind="stable")]
        numbers = np.zeros(len(shares), np.int32)
        numbers[kept] = np.arange(1, len(kept) + 1)
        ends = np.cumsum([len(layer.share) for layer in layers])
        return [layer.by_part(own) for layer, own in zip(layers, np.split(numbers, ends[:-1]), strict=True)]


class ObjectNumberer:
    """Keeps the numbers of one stream's objects from frame to frame."""

    def __init__(self) -> None:
        self._tracker = Tracker()

    def number(self, segmentation: Segmentation) -> Segmentation:
        """Return a segmentation with the number that each object has in the stream.

        Parameters
        ----------
        segmentation
            With instances, each under one label.
        """
        assert segmentation.instances is not None
        height = len(segmentation.instances)  # lengths are in frame heights: a stream may change its size
        regions = regions_of(segmentation)
        labels = segmentation.label_map.reshape(-1)[regions.first_px].astype(np.int64)
        numbers = self._tracker.track(labels, regions.center_px / height, regions.area_px / height**2)
        return renumber(segmentation, numbers)


@dataclass(frozen=True, slots=True)
class _Layer:
    """One label's parts, on a reduced map.

    Attributes
    ----------
    value
        The label's.
    parts
        (h, w) int32, from 1 on, also a little around it.
    regions
        What is measured of the parts.
    share
        (N,) float64: how much of the frame each of the regions covers, 0 to 1.
    """

    value: int
    parts: InstanceMap
    regions: Regions
    share: npt.NDArray[np.float64]

    @classmethod
    def of(cls, found: Segmentation, value: int, neck: float) -> "_Layer":
        """Separate one label's mask into its parts."""
        mask = found.hard_mask(value).opacity()
        coverage = shrink(mask, *_separating_size(*mask.shape))
        parts = separate_touching(coverage, neck)
        regions = find_regions(np.where(coverage > 0, parts, 0))
        covered = np.bincount(parts.reshape(-1), coverage.reshape(-1))[regions.numbers]
        return cls(value, parts, regions, covered / (255 * coverage.size))

    def by_part(self, numbers: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Turn the regions' numbers, (N,), into a table of them by part."""
        table = np.zeros(int(self.parts.max()) + 1, np.int32)
        table[self.regions.numbers] = numbers
        return table


def _separating_size(height: int, width: int) -> tuple[int, int]:
    """Return the height and width of the map on which objects are separated."""
    while max(height, width) > _LONGEST_PX:
        height, width = max(1, height // 2), max(1, width // 2)
    return height, width


def _enlarged(small: npt.NDArray[Any], size: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return a map of numbers at the whole picture's size."""
    return cv2.resize(small, size[::-1], interpolation=cv2.INTER_NEAREST)


def _paint(numbered: InstanceMap, mask: Plane, instances: InstanceMap, *, over: bool) -> None:
    """Write one label's numbers, (h, w), which are enlarged, to where it is in the whole frame, (H, W).

    Elsewhere write 0, or with ``over`` leave what other labels have.
    """
    height, width = mask.shape
    row_of = _enlarged(np.arange(len(numbered), dtype=np.int32)[:, None], (height, 1))[:, 0]
    wide = _enlarged(numbered, (len(numbered), width))
    for rows in row_bands(height, width):
        band = np.empty_like(instances[rows]) if over else instances[rows]
        np.take(wide, row_of[rows], axis=0, mode="clip", out=band)
        band &= mask[rows].view(np.int8)  # 255 is -1, all bits
        if over:
            instances[rows] |= band


def _without(found: Segmentation, value: int, mask: Plane, gone: npt.NDArray[np.bool_]) -> Segmentation:
    """Return a segmentation without one label in some cells of a reduced frame."""
    left = u8(cv2.bitwise_not(_enlarged(gone * np.uint8(255), mask.shape)))
    label_map = u8(cv2.bitwise_and(found.label_map, cv2.bitwise_or(left, cv2.bitwise_not(mask))))
    if found.confidence is None:
        return replace(found, label_map=label_map)
    confidence = found.confidence.copy()
    confidence[value - 1] &= left
    return replace(found, label_map=label_map, confidence=confidence)
