"""Segment by how bright a pixel is, or by any other channel: at set thresholds, at ones found, or at local ones.

Otsu: N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 9(1), 1979.
Triangle: G. Zack, W. Rogers and S. Latt, "Automatic measurement of sister chromatid exchange frequency", 1977.
"""

from typing import Annotated, ClassVar, Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import FailFast, Field

from segcore.methods.base import MethodOptions
from segcore.options import only_if, unit
from segcore.picture.frame import ColorSpace, Frame
from segcore.picture.scaling import gaussian, reference_height
from segcore.segmentation import Label, LabelMap, Plane, Segmentation, hex_to_color, u8

ChannelName: TypeAlias = Literal[
    "grey", "hue", "saturation", "brightness", "lightness", "green_to_red", "blue_to_yellow", "red", "green", "blue"
]
Cut: TypeAlias = Annotated[int, Field(ge=0, le=254)]

_CHANNELS: dict[ChannelName, tuple[ColorSpace, int]] = {
    "hue": ("hsv", 0),
    "saturation": ("hsv", 1),
    "brightness": ("hsv", 2),
    "lightness": ("lab", 0),
    "green_to_red": ("lab", 1),
    "blue_to_yellow": ("lab", 2),
    "red": ("bgr", 2),
    "green": ("bgr", 1),
    "blue": ("bgr", 0),
}
"""In which colour space a channel is, and which of the three it is there."""

_LIGHTS = ("darkest", "dark", "middle", "light", "lightest")
_HEIGHTS = ("lowest", "low", "middle", "high", "highest")
# M. Okabe and K. Ito's colours, which people with any colour vision tell apart, from dark to light.
_COLORS = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#f0e442")
_SHARE_OUT = {2: (1, 3), 3: (1, 2, 3), 4: (0, 1, 3, 4), 5: (0, 1, 2, 3, 4)}
"""Which of the five names and colours so many levels get."""

_ADAPTIVE = {"adaptive_mean": cv2.ADAPTIVE_THRESH_MEAN_C, "adaptive_gaussian": cv2.ADAPTIVE_THRESH_GAUSSIAN_C}
_FOUND = {"otsu": cv2.THRESH_OTSU, "triangle": cv2.THRESH_TRIANGLE}
_LARGEST_GAUSSIAN_PX = 161
_ENOUGH_ROWS = 90  # evenly spread, they give the cuts that all rows give, within one grey


class ThresholdOptions(MethodOptions):
    """Segment by brightness, or by any other channel."""

    title: ClassVar[str] = "Threshold"
    method: Literal["threshold"] = "threshold"
    kind: Literal["fixed", "otsu", "triangle", "adaptive_mean", "adaptive_gaussian"] = Field(
        default="otsu", title="Threshold", description="Set, found from the whole picture, or against surroundings."
    )
    channel: ChannelName = Field(default="grey", title="Channel", description="What is compared with the threshold.")
    inverted: bool = Field(
        default=False, title="Invert", description="The highest level is background, not the lowest."
    )
    cuts: Annotated[tuple[Cut, ...], Field(min_length=1, max_length=4), FailFast()] = Field(
        default=(127,),
        title="Cut",
        description="The next level begins above it; hue ends at 179.",
        json_schema_extra=only_if(kind=("fixed",)),
    )
    levels: int = Field(
        default=2,
        ge=2,
        le=5,
        title="Levels",
        description="How many levels to find, background included.",
        json_schema_extra=unit("") | only_if(kind=("otsu",)),
    )
    block_percent: float = Field(
        default=5,
        ge=0.5,
        le=20,
        title="Surroundings",
        description="How wide they are, as a share of the picture's height.",
        json_schema_extra=unit("%", 0.5) | only_if(kind=tuple(_ADAPTIVE)),
    )
    offset: int = Field(
        default=5,
        ge=-50,
        le=50,
        title="Offset",
        description="How far below the mean of its surroundings a pixel still counts as light.",
        json_schema_extra=unit("") | only_if(kind=tuple(_ADAPTIVE)),
    )

    def build(self) -> "ThresholdSegmenter":
        """Return the segmenter."""
        return ThresholdSegmenter(self)


class ThresholdSegmenter:
    """Labels pixels by one channel's level. The lowest level is background; inverted, the highest."""

    def __init__(self, options: ThresholdOptions) -> None:
        self._options = options
        self._side = cv2.THRESH_BINARY_INV if options.inverted else cv2.THRESH_BINARY
        self._labels = _labels(options)

    def segment(self, frame: Frame) -> Segmentation:
        """Label every pixel with the level that it is in.

        Parameters
        ----------
        frame
            Of any size.

        Returns
        -------
        Segmentation
            With a hard label map.
        """
        return Segmentation(self._levels(channel_of(frame, self._options.channel)), self._labels)

    def _levels(self, plane: Plane) -> LabelMap:
        options = self._options
        if options.kind in _ADAPTIVE:
            height = reference_height(*plane.shape)
            block = max(3, round(height * options.block_percent / 100) | 1)  # odd: it has a middle
            if options.kind == "adaptive_gaussian" and block > _LARGEST_GAUSSIAN_PX:
                return self._against_wide_gaussian(plane, block)
            how = _ADAPTIVE[options.kind]
            return u8(cv2.adaptiveThreshold(plane, 1, how, self._side, block, options.offset))
        if len(self._labels) == 1:  # OpenCV leaves the cut aside where it finds one itself
            return u8(cv2.threshold(plane, options.cuts[0], 1, self._side | _FOUND.get(options.kind, 0))[1])
        cuts = sorted(options.cuts) if options.kind == "fixed" else otsu_cuts(_histogram(plane), options.levels)
        level = np.searchsorted(cuts, np.arange(256)).astype(np.uint8)  # how many cuts lie below each value
        return u8(cv2.LUT(plane, np.uint8(len(cuts)) - level if options.inverted else level))

    def _against_wide_gaussian(self, plane: Plane, block: int) -> LabelMap:
        """Do as OpenCV's adaptive Gaussian threshold does, in a time that does not grow with the block."""
        mean = gaussian(plane, 0.3 * ((block - 1) * 0.5 - 1) + 0.8)  # the sigma that OpenCV gives a kernel of this size
        difference = cv2.subtract(plane, mean, dtype=cv2.CV_16S)
        return cv2.threshold(difference, -self._options.offset, 1, self._side)[1].astype(np.uint8)


def channel_of(frame: Frame, name: ChannelName) -> Plane:
    """Return one channel of a frame, (H, W) uint8; hue is 0 to 179, all others 0 to 255."""
    if name == "grey":
        return frame.grey
    space, number = _CHANNELS[name]
    return u8(cv2.extractChannel(frame.in_space(space), number))


def otsu_cuts(histogram: npt.NDArray[np.float64], levels: int) -> list[int]:
    """Find the cuts between levels that are each as uniform as can be (Otsu 1979), by dynamic programming.

    The between-class variance is largest where the sum of total² / weight over all levels is: P.-S. Liao, T.-S. Chen
    and P.-C. Chung, "A fast algorithm for multilevel thresholding", J. Inf. Sci. Eng. 17, 2001.

    Parameters
    ----------
    histogram
        (256,) float64, how many pixels have each value.
    levels
        How many there shall be, from 2.

    Returns
    -------
    list of int
        ``levels - 1`` values from -1, none below the one before; a pixel above one is in the next level. Where several
        serve as well, the lowest.
    """
    # scikit-image's multi-Otsu takes 1.7 times as long for 3 levels, 130 times for 4 (66 photos; the same cuts on 63)
    # and thousands of times for 5 (one photo); it refuses an image with fewer greys than levels. The bench of libraries
    # compares them.
    weight = np.concatenate(([0.0], histogram.cumsum()))
    total = np.concatenate(([0.0], (histogram * np.arange(256)).cumsum()))
    # score[end, start] is that of one level with the values from start up to, and without, end.
    score = total[:, None] - total
    score *= score
    together = weight[:, None] - weight
    score /= np.maximum(together, 1, out=together)
    score += _FORWARD
    best = [score[:, 0]]  # of one level up to each end, then of two, and so on
    for _ in range(levels - 2):
        best.append(np.add(score, best[-1], out=together).max(axis=1))
    cuts, end = [], 256
    for before in reversed(best):
        end = int((score[end] + before).argmax())
        cuts.append(end - 1)
    return cuts[::-1]


_ENDS = np.arange(257)
_FORWARD = np.where(_ENDS[:, None] < _ENDS, -np.inf, 0)  # no level ends before its start


def _histogram(plane: Plane) -> npt.NDArray[np.float64]:
    """Count the values of a plane, (256,) float64: in all rows of a small one, evenly spread ones of a large one."""
    rows = plane[:: max(1, plane.shape[0] // _ENOUGH_ROWS)]
    return cv2.calcHist([rows], [0], None, [256], [0, 256])[:, 0].astype(np.float64)


def _labels(options: ThresholdOptions) -> tuple[Label, ...]:
    """Return the labels, beginning at the level next to the background."""
    levels = {"fixed": len(options.cuts) + 1, "otsu": options.levels}.get(options.kind, 2)
    names = _LIGHTS if options.channel in ("grey", "brightness", "lightness") else _HEIGHTS
    all_levels = [Label(names[number], hex_to_color(_COLORS[number])) for number in _SHARE_OUT[levels]]
    return tuple(all_levels[-2::-1] if options.inverted else all_levels[1:])
