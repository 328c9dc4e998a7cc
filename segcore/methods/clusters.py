"""Segment by colour into a few clusters, each with a label and a colour that it keeps from frame to frame.

k-means: S. Lloyd, "Least squares quantization in PCM", IEEE Trans. Information Theory 28(2), 1982. It works on counted
colours and begins by dividing them, so nothing is left to chance: M. E. Celebi, "Improving the performance of k-means
for color quantization", Image and Vision Computing 29(4), 2011.
Mean shift: D. Comaniciu and P. Meer, "Mean shift: a robust approach toward feature space analysis", IEEE Trans. PAMI
24(5), 2002.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from segcore.memory import EVERYTHING, Memory
from segcore.methods.base import MethodOptions
from segcore.options import called, only_if, unit
from segcore.picture.frame import Frame
from segcore.picture.scaling import reduced_size
from segcore.segmentation import Color, Label, LabelMap, Segmentation, u8

Centers: TypeAlias = npt.NDArray[np.float32]
"""(K, 3) float32: colours in CIE L*a*b*."""
Counts: TypeAlias = npt.NDArray[np.float64]
"""(32768,) float64: how many pixels have each colour of five bits a channel."""

_CODES = 32768
_PIXELS = {"kmeans": 640 * 360, "mean_shift": 320 * 180}
_ROUNDS = 30  # k-means has settled by then
_MEAN_SHIFT_RADIUS_PX = 8
_SMALLEST_MODE = 0.005  # of the frame
_SAME_COLOR = 20.0  # L*a*b* distance up to which a cluster that is found anew is an old one
_NEW_PICTURE = 25.0  # how much the mean squared distance grows, beyond twice, before clusters are found anew
_SPECK_PX = 5


class ClustersOptions(MethodOptions):
    """Segment by colour into clusters. Every pixel belongs to one, so nothing is background."""

    title: ClassVar[str] = "Clusters"
    method: Literal["clusters"] = "clusters"
    kind: Literal["kmeans", "mean_shift"] = Field(
        default="kmeans",
        title="Algorithm",
        description="k-means is fast; mean shift finds flatter regions and is slow, a few pictures a second.",
        json_schema_extra=called(kmeans="k-means", mean_shift="Mean shift (slow)"),
    )
    clusters: int = Field(
        default=5,
        ge=2,
        le=8,
        title="Clusters",
        description="How many colours to find, at most.",
        json_schema_extra=unit(""),
    )
    radius: int = Field(
        default=16,
        ge=5,
        le=40,
        title="Colour distance",
        description="Colours nearer to each other than this run together.",
        json_schema_extra=unit("") | only_if(kind=("mean_shift",)),
    )

    @property
    def memory(self) -> Memory:
        """Everything: a cluster keeps its label and colour from the first frame on."""
        return EVERYTHING

    def build(self) -> "ClustersSegmenter":
        """Return the segmenter, which finds its clusters in the stream's first frame."""
        return ClustersSegmenter(self)


class ClustersSegmenter:
    """Labels every pixel with its cluster. It remembers the clusters of one stream."""

    def __init__(self, options: ClustersOptions) -> None:
        self._options = options
        self._centers: Centers = np.empty((0, 3), np.float32)
        self._labels: tuple[Label, ...] = ()
        self._far_off = -1.0

    def segment(self, frame: Frame) -> Segmentation:
        """Label every pixel with its cluster.

        Parameters
        ----------
        frame
            The stream's next.

        Returns
        -------
        Segmentation
            With a hard label map without background: each pixel has a label.
        """
        small = frame.bgr_at(*reduced_size(*frame.size, _PIXELS[self._options.kind]))  # as the algorithm's speed allows
        if self._options.kind == "mean_shift":
            small = u8(cv2.pyrMeanShiftFiltering(small, _MEAN_SHIFT_RADIUS_PX, self._options.radius))
        codes = u8(cv2.cvtColor(small, cv2.COLOR_BGR2BGR555)).view(np.uint16)[..., 0]
        counts = np.bincount(codes.ravel(), minlength=_CODES).astype(np.float64)
        cluster_of_code = self._update(counts)
        label_map = u8(cv2.medianBlur(cluster_of_code.take(codes), _SPECK_PX))
        return Segmentation(_enlarge(label_map, *frame.size), self._labels)

    def _update(self, counts: Counts) -> npt.NDArray[np.uint8]:
        """Return each colour's label, (32768,) uint8, and move the clusters to where the colours are now."""
        if self._labels:
            assigned = assign(self._centers, counts)
        if not self._labels or assigned.far_off > 2 * self._far_off + _NEW_PICTURE:
            self._find(counts)
            assigned = assign(self._centers, counts)
            self._far_off = assigned.far_off
        self._centers = assigned.means
        return (assigned.nearest + 1).astype(np.uint8)

    def _find(self, counts: Counts) -> None:
        """Find clusters anew; those that were there before keep their label and colour."""
        from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]  # slow: half a worker's start

        options = self._options
        if options.kind == "kmeans":
            found = k_means(counts, options.clusters)
        else:
            found = modes(counts, options.clusters, options.radius)
        centers, colors = list(self._centers), [label.color for label in self._labels]
        distance = np.linalg.norm(found[:, None] - self._centers, axis=2)
        place_of = dict(zip(*linear_sum_assignment(distance), strict=True))
        for number, center in enumerate(found):
            place = place_of.get(number)
            if place is None:
                centers.append(center)
                colors.append(_color(center))
                continue
            centers[place] = center
            if distance[number, place] > _SAME_COLOR:
                colors[place] = _color(center)
        self._centers = np.array(centers)
        self._labels = tuple(Label(f"cluster {number}", color) for number, color in enumerate(colors, start=1))


def k_means(counts: Counts, clusters: int) -> Centers:
    """Find clusters whose pixels are near their means.

    Parameters
    ----------
    counts
        How many pixels have each colour.
    clusters
        How many to find.

    Returns
    -------
    Centers
        From dark to light. The same for the same counts; fewer than asked for where there are fewer colours.
    """
    centers = _divide(counts, clusters)
    for _ in range(_ROUNDS):
        centers = assign(centers, counts).means
    return centers[centers[:, 0].argsort(kind="stable")]


def modes(counts: Counts, most: int, radius: float) -> Centers:
    """Find the colours that most pixels have, each further than a radius from all before it.

    Parameters
    ----------
    counts
        How many pixels have each colour, after mean shift has made near ones equal.
    most
        How many to find at most.
    radius
        L*a*b* distance.

    Returns
    -------
    Centers
        The most frequent first.
    """
    left = counts.copy()
    found: list[npt.NDArray[np.float64]] = []
    while len(found) < most and (not found or left.sum() > _SMALLEST_MODE * counts.sum()):
        inside = np.linalg.norm(_LAB - _LAB[:, [left.argmax()]], axis=0) <= radius
        found.append(np.average(_LAB[:, inside], axis=1, weights=left[inside]))
        left[inside] = 0
    return np.array(found, np.float32)


def _divide(counts: Counts, clusters: int) -> Centers:
    """Divide all colours, then again and again the part that is spread most, at the mean of its widest channel."""
    parts = [np.flatnonzero(counts)]
    while len(parts) < clusters:
        spread = np.array([_spread(part, counts) for part in parts])
        number, channel = np.unravel_index(spread.argmax(), spread.shape)
        if spread[number, channel] < 1:  # a single colour
            break
        part = parts.pop(number)
        values = _LAB[channel, part]
        above = values > np.average(values, weights=counts[part])
        parts += [part[above], part[~above]]
    return np.array([np.average(_LAB[:, part], axis=1, weights=counts[part]) for part in parts], np.float32)


def _spread(part: npt.NDArray[np.intp], counts: Counts) -> npt.NDArray[np.float64]:
    """Return the sum of squared distances from the mean, (3,) float64, for each channel of some colours."""
    colors, weights = _LAB[:, part], counts[part]
    mean = np.average(colors, axis=1, weights=weights)
    return np.asarray(((colors - mean[:, None]) ** 2 * weights).sum(axis=1), np.float64)


@dataclass(frozen=True, slots=True)
class Assigned:
    """Colours, each given to its nearest center.

    Attributes
    ----------
    nearest
        (32768,), the number of each colour's center.
    means
        The mean of each center's pixels; a center that has none waits where it is.
    far_off
        The mean squared distance of pixels from their centers.
    """

    nearest: npt.NDArray[np.intp]
    means: Centers
    far_off: float


def assign(centers: Centers, counts: Counts) -> Assigned:
    """Give each colour to its nearest center: one round of Lloyd's. No BLAS, whose threads wait for busy processors."""
    squared = (centers.astype(np.float64) ** 2).sum(axis=1)
    nearness = cv2.gemm(2 * centers, _LAB, 1, np.empty(0), 0) - squared[:, None].astype(np.float32)
    nearest = nearness.argmax(axis=0)
    sizes = np.bincount(nearest, counts, len(centers))
    sums = np.stack([np.bincount(nearest, counts * channel, len(centers)) for channel in _LAB], axis=1)
    means = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centers).astype(np.float32)
    total = (_LAB_SQUARED * counts).sum() - 2 * (centers * sums).sum() + (sizes * squared).sum()
    return Assigned(nearest, means, float(total / counts.sum()))


def _enlarge(label_map: LabelMap, height: int, width: int) -> LabelMap:
    """Bring labels to another size. A median of labels rounds the corners of pixels and takes no third label in."""
    while label_map.shape != (height, width):
        rows, columns = label_map.shape
        step = (width, height) if 2 * rows > height or 2 * columns > width else (2 * columns, 2 * rows)
        label_map = u8(cv2.medianBlur(cv2.resize(label_map, step, interpolation=cv2.INTER_NEAREST), _SPECK_PX))
    return label_map


def _all_colors() -> npt.NDArray[np.float32]:
    """Return the colours of five bits a channel in L*a*b*, (3, 32768), in the order of OpenCV's BGR555."""
    codes = np.arange(_CODES)
    bgr = np.stack([codes & 31, codes >> 5 & 31, codes >> 10], axis=1).astype(np.float32)
    lab = cv2.cvtColor((bgr[None] * 8 + 3.5) / 255, cv2.COLOR_BGR2LAB)
    return np.ascontiguousarray(lab[0].T, np.float32)


_LAB = _all_colors()
_LAB_SQUARED = (_LAB**2).sum(axis=0)


def _color(center: npt.NDArray[np.float32]) -> Color:
    """Return a center's colour as blue, green, red."""
    bgr = cv2.cvtColor(center.reshape(1, 1, 3), cv2.COLOR_LAB2BGR)[0, 0] * 255
    blue, green, red = (int(value) for value in bgr.clip(0, 255).round())
    return blue, green, red
