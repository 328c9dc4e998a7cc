"""The vocabulary: what an image, a mask, a label and a segmentation are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

Image: TypeAlias = npt.NDArray[np.uint8]
"""(H, W, 3) uint8, BGR."""
Plane: TypeAlias = npt.NDArray[np.uint8]
"""(H, W) uint8."""
LabelMap: TypeAlias = npt.NDArray[np.uint8]
"""(H, W) uint8, 0 = background, n = the n-th label."""
InstanceMap: TypeAlias = npt.NDArray[np.int32]
"""(H, W) int32, 0 = no object, n = the object with number n."""
T = TypeVar("T")
Color: TypeAlias = tuple[int, int, int]
"""Blue, green, red, each 0 to 255."""

MOST_PLANE_PIXELS = 64_000_000
"""How many pixels all labels' planes together may have: 2 labels in the largest photo, 30 in a frame of 1920x1080."""


def u8(answer: MatLike) -> npt.NDArray[np.uint8]:
    """Take what OpenCV answers for the uint8 that it is: its stubs can't say so. Nothing is converted."""
    return cast("npt.NDArray[np.uint8]", answer)


@dataclass(frozen=True, slots=True)
class Mask:
    """Where one thing is in an image.

    Attributes
    ----------
    values
        (H, W) uint8. Soft: from 0, outside, to 255, inside; between them, how sure it is that a pixel is inside. Hard:
        0 is outside and any other value inside, so that a label map is a mask as it stands.
    soft
        Which of the two it is.
    """

    values: Plane
    soft: bool = False

    def opacity(self) -> Plane:
        """Return how much of each pixel is inside, (H, W) uint8, 0 to 255; of a hard mask 0 or 255."""
        return self.values if self.soft else u8(cv2.threshold(self.values, 0, 255, cv2.THRESH_BINARY)[1])

    @property
    def empty(self) -> bool:
        """Whether nothing is inside."""
        return not cv2.hasNonZero(self.values)

    def halved(self) -> "Mask":
        """Return the mask at half the height and width: the mean of each 2x2 block, or of a hard mask its first pixel.

        For a frame's chroma, which has half the size of its luma.
        """
        if not self.soft:
            return Mask(np.ascontiguousarray(self.values[::2, ::2]))
        height, width = self.values.shape
        return Mask(u8(cv2.resize(self.values, (width // 2, height // 2), interpolation=cv2.INTER_AREA)), soft=True)


@dataclass(frozen=True, slots=True)
class Label:
    """A named kind of pixel, and the colour it is shown in."""

    name: str
    color: Color


@dataclass(frozen=True, slots=True)
class Segmentation:
    """An image, segmented: the label of each pixel.

    Attributes
    ----------
    label_map
        (H, W) uint8; 0 is background, n is ``labels[n - 1]``.
    labels
        The labels, in order.
    confidence
        (C, H, W) uint8, 0 to 255, one plane a label, where the method is unsure near edges; else None.
    instances
        (H, W) int32, the number of the object that a pixel belongs to, 0 for none; None if objects are not told apart.
    note
        One sentence for who watches, such as that the background is still being learnt; empty if all is well.
    """

    label_map: LabelMap
    labels: tuple[Label, ...]
    confidence: npt.NDArray[np.uint8] | None = None
    instances: InstanceMap | None = None
    note: str = ""
    _computed: dict[Callable[..., Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def soft(self) -> bool:
        """Whether the labels' masks are soft."""
        return self.confidence is not None

    def mask(self, value: int) -> Mask:
        """Return where label ``value`` is, 1 for the first: soft where there is confidence."""
        if self.confidence is not None:
            return Mask(self.confidence[value - 1], soft=True)
        return self.hard_mask(value)

    def hard_mask(self, value: int) -> Mask:
        """Return which pixels have label ``value``, 1 for the first."""
        return Mask(self.label_map if len(self.labels) == 1 else in_range(self.label_map, value, value))

    def foreground(self) -> Mask:
        """Return where any label is. Soft: their confidences together, for where two meet each alone is unsure."""
        if self.confidence is None:
            return Mask(self.label_map)
        plane: Plane = self.confidence[0]
        for other in self.confidence[1:]:
            if cv2.hasNonZero(other):  # most of many labels are nowhere in an image
                plane = u8(cv2.add(plane, other))  # stays within 255
        return Mask(plane, soft=True)

    def compute(self, function: "Callable[[Segmentation], T]", known: T | None = None) -> T:
        """Return what a function computes from this segmentation; the first answer, or a known one, is kept for all."""
        if function not in self._computed:
            self._computed[function] = function(self) if known is None else known
        return cast("T", self._computed[function])

    def grey(self) -> Plane:
        """Return the bare mask as a grey image.

        Returns
        -------
        Plane
            (H, W) uint8. One label: white, soft where its edge is soft. Several: label n of N is 255 * n / N.
        """
        if len(self.labels) == 1:
            return self.foreground().opacity()
        return u8(cv2.LUT(self.label_map, grey_levels(len(self.labels))))


def empty_confidence(labels: int, present: int, height: int, width: int) -> npt.NDArray[np.uint8] | None:
    """Return confidence of 0 everywhere, (labels, height, width) uint8, to be written for the labels that are present.

    None if these have more than `MOST_PLANE_PIXELS` together: then edges are hard. A plane that is never written takes
    no memory: the system gives a page of zeros its memory when it is first written.
    """
    if present * height * width > MOST_PLANE_PIXELS:
        return None
    return np.zeros((labels, height, width), np.uint8)


def in_range(plane: Plane, low: int, high: int) -> Plane:
    """Return where a plane is from ``low`` to ``high``, ends included, (H, W) uint8, 0 or 255."""
    return u8(cv2.inRange(plane, low, high))


def grey_levels(labels: int) -> npt.NDArray[np.uint8]:
    """Return the grey of every label value when ``labels`` labels share a mask, (256,) uint8."""
    values = np.minimum(np.arange(256), labels)
    return np.rint(255 * values / max(labels, 1)).astype(np.uint8)


def hex_to_color(text: str) -> Color:
    """Turn ``"#rrggbb"`` into blue, green, red."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return blue, green, red
