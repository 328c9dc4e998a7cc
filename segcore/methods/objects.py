"""Tell objects apart in what any other method finds: touching ones are parted, and each is numbered and followed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field, SerializeAsAny

from segcore import methods
from segcore.methods.base import MethodOptions
from segcore.methods.threshold import ThresholdOptions
from segcore.objects.regions import Regions, find_regions, present_labels
from segcore.objects.tracker import Tracker
from segcore.objects.watershed import split_touching
from segcore.options import chosen_by, unit
from segcore.picture.scaling import row_bands, shrink
from segcore.segmentation import Image, InstanceMap, Plane, ReducingSegmenter, Segmentation, Segmenter, in_range, u8

_LONGEST_PX = 500  # objects are parted on a picture that is halved until it is no longer than this


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
        default=ThresholdOptions(), title="Found by", description="The method whose parts are told apart."
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

    def build(self) -> "ObjectsSegmenter":
        """Return the segmenter, which is given a reduced picture where the source is."""
        source = self.source.build()
        if isinstance(source, ReducingSegmenter):
            return ReducingObjectsSegmenter(self, source)
        return ObjectsSegmenter(self, source)


class ObjectsSegmenter:
    """Numbers what another segmenter finds. It remembers the objects, so it belongs to one stream."""

    def __init__(self, options: ObjectsOptions, source: Segmenter) -> None:
        self._options = options
        self._source = source
        self._tracker = Tracker()

    def segment(self, image: Image) -> Segmentation:
        """Split a picture as the source does, and number the objects.

        Parameters
        ----------
        image
            (H, W, 3) uint8, BGR.

        Returns
        -------
        Segmentation
            The source's, with ``instances``; what is too small for an object is background.
        """
        return self._number(self._source.segment(image))

    def _number(self, found: Segmentation) -> Segmentation:
        """Part what was found into objects, give each its number, and leave the too small ones out."""
        values = [1] if len(found.labels) == 1 else present_labels(found.label_map) or [1]
        layers = [_Layer.of(found, value, self._options.neck) for value in values]
        instances = np.empty(found.label_map.shape, np.int32)
        for place, (layer, numbers) in enumerate(zip(layers, self._follow(layers), strict=True)):
            numbered = numbers.take(layer.parts)
            mask = _mask(found, layer.value)
            _paint(numbered, mask, instances, over=place > 0)
            too_small = (numbered == 0) & (layer.parts > 0)
            if too_small.any():
                found = _without(found, layer.value, mask, too_small)
        return replace(found, instances=instances)

    def _follow(self, layers: "list[_Layer]") -> list[npt.NDArray[np.int32]]:
        """Return each layer's numbers by its parts; 0 for a part that is too small for an object."""
        height, width = layers[0].parts.shape  # positions are in picture heights: a stream may change its size
        values = np.concatenate([np.full(len(layer.share), layer.value) for layer in layers])
        centers = np.concatenate([layer.regions.center_px for layer in layers]) / height
        shares = np.concatenate([layer.share for layer in layers])
        first = np.concatenate([layer.regions.first_px for layer in layers])
        kept = np.flatnonzero(shares * 100 >= self._options.smallest_percent)
        kept = kept[np.argsort(first[kept], kind="stable")]  # new objects are numbered from the top left
        numbers = np.zeros(len(shares), np.int32)
        numbers[kept] = self._tracker.follow(values[kept], centers[kept], shares[kept] * width / height)
        ends = np.cumsum([len(layer.share) for layer in layers])
        return [layer.by_part(own) for layer, own in zip(layers, np.split(numbers, ends[:-1]), strict=True)]


class ReducingObjectsSegmenter(ObjectsSegmenter):
    """Numbers what a segmenter finds that works on a reduced picture."""

    def __init__(self, options: ObjectsOptions, source: ReducingSegmenter) -> None:
        super().__init__(options, source)
        self._reducing = source

    def working_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the source's working size."""
        return self._reducing.working_size(height, width)

    def segment_reduced(self, small: Image, height: int, width: int) -> Segmentation:
        """Split a picture of the working size as the source does, and number the objects at the picture's own size."""
        return self._number(self._reducing.segment_reduced(small, height, width))


@dataclass(frozen=True, slots=True)
class _Layer:
    """One label's parts, on a reduced picture.

    Attributes
    ----------
    value
        The label's.
    parts
        (h, w) int32, from 1 on, also a little around it.
    regions
        The parts' figures.
    share
        (N,) float64: how much of the picture each of the regions covers, 0 to 1.
    """

    value: int
    parts: InstanceMap
    regions: Regions
    share: npt.NDArray[np.float64]

    @classmethod
    def of(cls, found: Segmentation, value: int, neck: float) -> "_Layer":
        """Part one label's mask."""
        mask = _mask(found, value)
        coverage = shrink(mask, *_parting_size(*mask.shape))
        parts = split_touching(coverage, neck)
        regions = find_regions(np.where(coverage > 0, parts, 0))
        covered = np.bincount(parts.reshape(-1), coverage.reshape(-1))[regions.numbers]
        return cls(value, parts, regions, covered / (255 * coverage.size))

    def by_part(self, numbers: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Turn the regions' numbers, (N,), into a table of them by part."""
        table = np.zeros(int(self.parts.max()) + 1, np.int32)
        table[self.regions.numbers] = numbers
        return table


def _parting_size(height: int, width: int) -> tuple[int, int]:
    """Return the height and width of the picture on which objects are parted."""
    while max(height, width) > _LONGEST_PX:
        height, width = max(1, height // 2), max(1, width // 2)
    return height, width


def _enlarged(small: npt.NDArray[Any], size: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return a map of numbers at the whole picture's size."""
    return cv2.resize(small, size[::-1], interpolation=cv2.INTER_NEAREST)


def _mask(found: Segmentation, value: int) -> Plane:
    """Return where a label is in the whole picture, (H, W) uint8, 0 or 255."""
    return found.label_map * np.uint8(255) if len(found.labels) == 1 else in_range(found.label_map, value, value)


def _paint(numbered: InstanceMap, mask: Plane, instances: InstanceMap, *, over: bool) -> None:
    """Write one label's numbers, (h, w), which are enlarged, to where it is in the whole picture, (H, W).

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
    """Return a segmentation without one label in some cells of a reduced picture."""
    left = u8(cv2.bitwise_not(_enlarged(gone * np.uint8(255), mask.shape)))
    label_map = u8(cv2.bitwise_and(found.label_map, cv2.bitwise_or(left, cv2.bitwise_not(mask))))
    if found.confidence is None:
        return replace(found, label_map=label_map)
    confidence = found.confidence.copy()
    confidence[value - 1] &= left
    return replace(found, label_map=label_map, confidence=confidence)
