"""GrabCut: one object, told from its surroundings by a box around it and strokes over it, and then tracked.

After Rother, Kolmogorov and Blake, "GrabCut: interactive foreground extraction using iterated graph cuts", 2004. Only
the surroundings of the box are looked at, on a reduced frame: a near background tells more than a far one, and a
small object gets as many pixels as a large one.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from segcore.marks import Marks
from segcore.memory import EVERYTHING, Memory
from segcore.methods.base import MethodOptions
from segcore.picture.frame import Frame
from segcore.picture.window import Matrix, Window, window_around
from segcore.segmentation import Image, Label, Plane, Segmentation, u8

_BAND = 0.04  # of the window's longer side: how far an outline may move against the object from frame to frame
_MOST_POINTS = 200
_OFF_PX = 1.5  # a point that comes back farther from where it started was not found again
_CONFIRMED = 0.7  # so many of an object's points moving together: it is the object, whatever its colours are now
_SAME_COLORS = 0.4  # of an object's colours are found again, or it is another object
_SMALLEST = 0.01  # of its first size: what is left of an object is no more than a trace
_LABELS = (Label("object", (89, 199, 52)),)
_NOTHING = "Nothing stands out in the box: draw it closer around the object."
_LOST = "The object is lost: mark it again where it is now."


class GrabOptions(Marks, MethodOptions):
    """Cut out one object that is marked."""

    title: ClassVar[str] = "Marked object"
    method: Literal["grab"] = "grab"
    iterations: int = Field(
        default=3,
        ge=1,
        le=10,
        title="Rounds",
        description="How often the colours of object and background are learnt anew.",
    )

    @property
    def memory(self) -> Memory:
        """Everything: the object is marked in the first frame and tracked from there."""
        return EVERYTHING

    def build(self) -> "GrabSegmenter":
        """Return the segmenter."""
        return GrabSegmenter(self)


@dataclass(frozen=True, slots=True)
class _Found:
    """The object in one frame: its mask, 0 or 1, in a window, and the window in grey."""

    window: Window
    mask: Plane
    grey: Plane

    def area(self) -> float:
        """Return how many of the picture's pixels it covers."""
        return cv2.countNonZero(self.mask) * float(np.linalg.det(self.window.to_image()))


class GrabSegmenter:
    """Cuts out the marked object in a stream's first frame, and tracks it through the others."""

    def __init__(self, options: GrabOptions) -> None:
        self._options = options
        self._size = (0, 0)
        self._found: _Found | None = None
        self._lost = False

    def segment(self, frame: Frame) -> Segmentation:
        """Cut out the object.

        The box and the strokes count in the first frame in which something stands out, and again when frames
        change their size. It sets the seed of OpenCV's random numbers in this thread, so that the same frame always
        gives the same result.

        Parameters
        ----------
        frame
            Of any size.

        Returns
        -------
        Segmentation
            With a hard label map and one label. Empty, with a note, where nothing stands out or the object is lost.
        """
        image = frame.bgr
        if self._size != frame.size:
            self._size = frame.size
            self._found, self._lost = None, False
        if self._lost:
            return self._empty(_LOST)
        if self._found is None:
            self._found = self._mark(image)
            if self._found is None:
                return self._empty(_NOTHING)
        else:
            self._found = self._track(image, self._found)
            if self._found is None:
                self._lost = True
                return self._empty(_LOST)
        return Segmentation(self._found.window.enlarge(self._found.mask, *self._size), _LABELS)

    def _empty(self, note: str) -> Segmentation:
        return Segmentation(np.zeros(self._size, np.uint8), _LABELS, note=note)

    def _mark(self, image: Image) -> _Found | None:
        """Find the object by the box and the strokes."""
        height, width = self._size
        corners = self._options.corners(height, width)
        kept = [stroke.places(height, width) for stroke in self._options.strokes if stroke.keep]
        places = np.concatenate([corners, *kept])
        window = window_around(places.min(axis=0), places.max(axis=0), height, width)
        if window is None:
            return None
        corner, scale = (window.left, window.top), window.width / (window.right - window.left)
        (left, top), (right, bottom) = np.rint((corners - corner) * scale).astype(int)
        hints = np.full((window.height, window.width), cv2.GC_BGD, np.uint8)
        hints[top:bottom, left:right] = cv2.GC_PR_FGD
        for stroke in self._options.strokes:
            line = np.rint((stroke.places(height, width) - corner) * scale).astype(np.int32)
            line = np.concatenate([line, line[-1:]])  # OpenCV draws nothing from one point alone
            thickness = max(1, round(stroke.width * height * scale))
            cv2.polylines(hints, [line], False, cv2.GC_FGD if stroke.keep else cv2.GC_BGD, thickness)
        small = window.crop(image)
        self._background, self._foreground = np.zeros((1, 65)), np.zeros((1, 65))  # GrabCut's colour models
        told_apart = self._cut(small, hints, self._options.iterations, cv2.GC_INIT_WITH_MASK)
        if not told_apart or not hints.any():
            return None
        found = _Found(window, hints, _grey(small))
        self._first_area, self._colors = found.area(), _colors(small, hints)
        return found

    def _track(self, image: Image, before: _Found) -> _Found | None:
        """Find the object near where it was; None if it is not there any more."""
        motion, confirmed = _motion(before, _grey(before.window.crop(image)))
        to_image = before.window.to_image() @ motion
        ys, xs = before.mask.nonzero()
        places = (to_image @ np.array([xs, ys, np.ones_like(xs)]))[:2]
        window = window_around(places.min(axis=1), places.max(axis=1) + 1, *self._size)
        if window is None:
            return None
        small = window.crop(image)
        to_window = np.linalg.inv(window.to_image()) @ to_image
        grey = cv2.warpAffine(before.mask * np.uint8(255), to_window[:2], (window.width, window.height))
        hints = _hints(u8(cv2.threshold(grey, 127, 1, cv2.THRESH_BINARY)[1]))
        self._cut(small, hints, 1, cv2.GC_EVAL)  # an object that fills the frame has nothing to be told from
        found = _Found(window, hints, _grey(small))
        if found.area() < _SMALLEST * self._first_area:
            return None
        colors = _colors(small, hints)
        if confirmed >= _CONFIRMED:
            self._colors = colors
        return found if np.minimum(colors, self._colors).sum() >= _SAME_COLORS else None

    def _cut(self, small: Image, hints: Plane, iterations: int, mode: int) -> bool:
        """Turn hints into the object's mask, 0 or 1, in place; tell whether they left anything to tell apart."""
        both = bool((hints & 1).any() and not (hints & 1).all())  # GrabCut asserts that there are samples of both
        if both:
            cv2.setRNGSeed(0)
            cv2.grabCut(small, hints, None, self._background, self._foreground, iterations, mode)  # type: ignore[call-overload]
        np.bitwise_and(hints, 1, out=hints)
        return both


def _hints(moved: Plane) -> Plane:
    """Return what GrabCut may change of a mask that moved along: a band at its outline."""
    reach = max(3, math.ceil(_BAND * max(moved.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    hints = np.where(moved, np.uint8(cv2.GC_PR_FGD), np.uint8(cv2.GC_PR_BGD))
    hints[cv2.erode(moved, disc, borderValue=1) > 0] = cv2.GC_FGD
    hints[cv2.dilate(moved, disc) == 0] = cv2.GC_BGD
    return hints


def _motion(before: _Found, now: Plane) -> tuple[Matrix, float]:
    """Return how the object moved within its window, from points on it.

    Parameters
    ----------
    before
        The object in the frame before.
    now
        The same window of this frame, in grey.

    Returns
    -------
    tuple
        A (3, 3) matrix: shift, turn and growth; and which share of the points, 0 to 1, confirms it.
    """
    still = np.eye(3)
    points = cv2.goodFeaturesToTrack(before.grey, _MOST_POINTS, 0.01, 4, mask=before.mask)
    if points is None:
        return still, 0
    there, found, _ = cv2.calcOpticalFlowPyrLK(before.grey, now, points, None)  # type: ignore[call-overload]
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(now, before.grey, there, None)  # type: ignore[call-overload]
    off_px = np.abs(back - points).max(axis=(1, 2))
    sure = (found.ravel() > 0) & (found_back.ravel() > 0) & (off_px < _OFF_PX)
    if sure.sum() < 2:
        return still, 0
    matrix, agree = cv2.estimateAffinePartial2D(points[sure], there[sure])
    if matrix is None:
        return still, 0
    return np.vstack([matrix, [0, 0, 1]]), float(agree.sum()) / len(points)


def _grey(small: Image) -> Plane:
    return u8(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))


def _colors(small: Image, mask: Plane) -> npt.NDArray[np.float32]:
    """Return what share of an object each of 8 x 8 x 8 colours has."""
    counts = cv2.calcHist([small], [0, 1, 2], mask, [8, 8, 8], [0, 256, 0, 256, 0, 256])
    return np.asarray(counts / max(1, counts.sum()), np.float32)
