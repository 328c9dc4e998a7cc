"""The vocabulary: what a picture, a label and a segmentation are."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast, runtime_checkable

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
Color: TypeAlias = tuple[int, int, int]
"""Blue, green, red, each 0 to 255."""

MOST_PLANE_PIXELS = 64_000_000
"""How many pixels all labels' planes together may have: 2 labels in the largest photo, 30 in a picture of 1920x1080."""


def u8(answer: MatLike) -> npt.NDArray[np.uint8]:
    """Take what OpenCV answers for the uint8 that it is: its stubs can't say so. Nothing is converted."""
    return cast("npt.NDArray[np.uint8]", answer)


@dataclass(frozen=True, slots=True)
class Label:
    """A part that a picture is split into: its name and the colour it is shown in."""

    name: str
    color: Color


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A picture, split.

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

    @property
    def soft(self) -> bool:
        """Whether masks have values between 0 and 255."""
        return self.confidence is not None

    def mask(self, value: int) -> Plane:
        """Return where label ``value`` is.

        Parameters
        ----------
        value
            1 for the first label.

        Returns
        -------
        Plane
            (H, W) uint8. Soft: the label's confidence. Hard: zero outside, non-zero inside.
        """
        if self.confidence is not None:
            plane: Plane = self.confidence[value - 1]
            return plane
        if len(self.labels) == 1:
            return self.label_map
        return in_range(self.label_map, value, value)

    def foreground(self) -> Plane:
        """Return where any label is.

        Returns
        -------
        Plane
            (H, W) uint8, as in `mask`. Soft: the labels' confidences together.
            Where two labels meet, each of them alone is unsure.
        """
        if self.confidence is None:
            return self.label_map
        plane: Plane = self.confidence[0]
        for other in self.confidence[1:]:
            if cv2.hasNonZero(other):  # most of many labels are nowhere in a picture
                plane = u8(cv2.add(plane, other))  # stays within 255
        return plane

    def alpha(self) -> Plane:
        """Return the foreground as opacity, (H, W) uint8, 0 or 255 where the edge is hard."""
        plane = self.foreground()
        return plane if self.soft else np.where(plane, np.uint8(255), np.uint8(0))

    def grey(self) -> Plane:
        """Return the bare mask as a grey picture.

        Returns
        -------
        Plane
            (H, W) uint8. One label: white, soft where its edge is soft. Several: label n of N is 255 * n / N.
        """
        if len(self.labels) == 1:
            return self.alpha()
        return u8(cv2.LUT(self.label_map, grey_levels(len(self.labels))))


def empty_confidence(labels: int, present: int, height: int, width: int) -> npt.NDArray[np.uint8] | None:
    """Return confidence of 0 everywhere, (labels, height, width) uint8, to be written for the labels that are present.

    None if these have more than `MOST_PLANE_PIXELS` together: then edges are hard. A plane that is never written takes
    no memory.
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


class Segmenter(Protocol):
    """Splits the pictures of one stream. It may remember earlier ones, so a stream has its own."""

    def segment(self, image: Image) -> Segmentation:
        """Split one picture.

        Parameters
        ----------
        image
            (H, W, 3) uint8, BGR, of any size. Left as it is.

        Returns
        -------
        Segmentation
            With a label map of the same height and width.
        """
        ...


@runtime_checkable
class ReducingSegmenter(Segmenter, Protocol):
    """A segmenter that works on a smaller picture anyway: it is given just that, straight from a frame's planes."""

    def working_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width that it works at, for a picture of this size."""
        ...

    def segment_reduced(self, small: Image, height: int, width: int) -> Segmentation:
        """Split a picture of its working size, and give the result at the size that the picture had."""
        ...


def hex_to_color(text: str) -> Color:
    """Turn ``"#rrggbb"`` into blue, green, red."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return blue, green, red
