"""Segment along edges: the lines where an image changes, or the regions that such lines enclose.

J. Canny, "A computational approach to edge detection", IEEE Trans. PAMI 8(6), 1986.
"""

import math
from typing import ClassVar, Literal, TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from segcore.methods.base import MethodOptions
from segcore.options import only_if, unit
from segcore.picture.frame import Frame
from segcore.picture.scaling import gaussian, reference_height, row_bands, wider
from segcore.segmentation import InstanceMap, Label, Plane, Segmentation, hex_to_color, u8

Gradient: TypeAlias = npt.NDArray[np.int16]
"""(H, W) int16."""

_FAINTEST = 24  # a strong edge is above a camera's noise: about 8 greys from one side to the other
_GRADIENT_STEP = 4  # Otsu's histogram has 256 bins, and a gradient's L1 norm goes to 1020 and a little beyond
_ENOUGH_ROWS = 180  # evenly spread, they give the thresholds that all rows give, within a few percent
_ENOUGH_PIXELS = 1 << 20
_MOST_REGIONS = 10_000
_MOST_OUTLINED_PIXELS = 1 << 22
_LARGEST_DISC_PX = 33  # larger ones are slow: their time grows with their area
_PARENT = 3  # where a contour's link tells whose hole it is


class EdgesOptions(MethodOptions):
    """Segment along edges."""

    title: ClassVar[str] = "Edges"
    method: Literal["edges"] = "edges"
    show: Literal["edges", "regions"] = Field(
        default="edges", title="Find", description="The lines themselves, or what closed lines enclose."
    )
    smoothing_percent: float = Field(
        default=0.2,
        ge=0,
        le=1,
        title="Smoothing",
        description="More of it leaves fewer small edges; a share of the picture's height.",
        json_schema_extra=unit("%", 0.05),
    )
    automatic: bool = Field(
        default=True, title="Find the thresholds", description="They follow the contrast of each picture."
    )
    weak: int = Field(
        default=50,
        ge=0,
        le=500,
        title="Weak edge",
        description="From here on an edge counts where it goes on from a strong one.",
        json_schema_extra=unit("", 5) | only_if(automatic=(False,)),
    )
    strong: int = Field(
        default=100,
        ge=0,
        le=500,
        title="Strong edge",
        description="From here on an edge always counts.",
        json_schema_extra=unit("", 5) | only_if(automatic=(False,)),
    )
    gap_percent: float = Field(
        default=1,
        ge=0,
        le=2,
        title="Close gaps",
        description="A line is closed over gaps up to this; a share of the picture's height.",
        json_schema_extra=unit("%", 0.1) | only_if(show=("regions",)),
    )
    smallest_percent: float = Field(
        default=0.1,
        ge=0,
        le=5,
        title="Smallest region",
        description="A smaller one belongs to what is around it; a share of the picture.",
        json_schema_extra=unit("%", 0.05) | only_if(show=("regions",)),
    )

    @property
    def numbers_objects(self) -> bool:
        """Where regions are found, not lines."""
        return self.show == "regions"

    def build(self) -> "EdgesSegmenter":
        """Return the segmenter."""
        return EdgesSegmenter(self)


class EdgesSegmenter:
    """Labels edges, or the regions that they enclose. Its buffers are reused, so it belongs to one stream."""

    def __init__(self, options: EdgesOptions) -> None:
        self._options = options
        name, color = ("edge", "#f0e442") if options.show == "edges" else ("region", "#56b4e9")
        self._labels = (Label(name, hex_to_color(color)),)
        self._gradient: tuple[Gradient | None, Gradient | None] = (None, None)

    def segment(self, frame: Frame) -> Segmentation:
        """Label edges, or number the regions that they enclose.

        Parameters
        ----------
        frame
            Of any size.

        Returns
        -------
        Segmentation
            With one label and a hard label map; with instances where regions are wanted.
        """
        lines = self._lines(frame.grey)
        if self._options.show == "edges":
            return Segmentation(u8(cv2.threshold(lines, 0, 1, cv2.THRESH_BINARY)[1]), self._labels)
        gap = round(reference_height(*lines.shape) * self._options.gap_percent / 100)
        regions = enclosed(close_gaps(lines, gap), lines.size * self._options.smallest_percent / 100)
        return Segmentation((regions > 0).view(np.uint8), self._labels, instances=regions)

    def _lines(self, grey: Plane) -> Plane:
        """Return where an edge runs, (H, W) uint8, 0 or 255."""
        options = self._options
        if sigma := reference_height(*grey.shape) * options.smoothing_percent / 100:
            grey = gaussian(grey, sigma)
        # Canny's own gradient, made once for the thresholds and for the edges.
        found = cv2.spatialGradient(grey, *self._gradient, borderType=cv2.BORDER_REPLICATE)
        across, down = self._gradient = cast("tuple[Gradient, Gradient]", found)
        weak, strong = find_thresholds(across, down) if options.automatic else (options.weak, options.strong)
        lines = u8(cv2.Canny(across, down, weak, strong))
        if lines.size > _MOST_OUTLINED_PIXELS:  # a photo's are not used again
            self._gradient = (None, None)
        return lines


def find_thresholds(across: Gradient, down: Gradient) -> tuple[float, float]:
    """Find Canny's two thresholds by splitting gradients into two levels, weak and strong, as Otsu splits greys.

    M. Fang, G. Yue and Q. Yu, "The study on an application of Otsu method in Canny operator", ISIP 2009.

    Parameters
    ----------
    across, down
        (H, W) int16, the picture's Sobel gradients.

    Returns
    -------
    tuple of float
        The lower and the upper threshold of the gradient's L1 norm; the lower is half of the upper.
    """
    step = max(1, min(across.shape) // _ENOUGH_ROWS, math.isqrt(across.size // _ENOUGH_PIXELS))
    norm = np.abs(across[::step, ::step]) + np.abs(down[::step, ::step])
    binned = cv2.convertScaleAbs(norm, alpha=1 / _GRADIENT_STEP)
    strong = max(_FAINTEST, _GRADIENT_STEP * cv2.threshold(binned, 0, 1, cv2.THRESH_OTSU)[0])
    return strong / 2, strong


def close_gaps(lines: Plane, gap: int) -> Plane:
    """Return lines, (H, W) uint8, 0 or 255, closed over gaps of about so many pixels, whichever way they run."""
    if not gap:
        return lines
    side = gap + 1 | 1  # odd: it has a middle
    if side > _LARGEST_DISC_PX:
        outside = u8(cv2.bitwise_not(near(lines, side // 2)))
        return u8(cv2.bitwise_not(near(outside, side // 2 - 1)))
    thick, thin = (cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (px, px)) for px in (side, side - 2))
    # Made less thin than they were thick: a joint is narrower than a line and would open again.
    return u8(cv2.erode(cv2.dilate(lines, thick), thin))


def near(plane: Plane, distance_px: int) -> Plane:
    """Return what is no farther from anything, (H, W) uint8, 0 or 255: a dilation whose time does not grow with it."""
    within = np.empty_like(plane)
    for rows in row_bands(*plane.shape):
        around, inner = wider(rows, distance_px, len(plane))
        distance = cv2.distanceTransform(cv2.bitwise_not(plane[around]), cv2.DIST_L2, cv2.DIST_MASK_5)[inner]
        within[rows] = np.where(distance < distance_px + 0.5, np.uint8(255), np.uint8(0))
    return within


def enclosed(lines: Plane, smallest: float) -> InstanceMap:
    """Give each region that lines enclose a number. What reaches the picture's border is not enclosed.

    A region is a hole of the lines, and a hole's contour is found in a third of the time of labelling all components:
    S. Suzuki and K. Abe, "Topological structural analysis of digitized binary images by border following", 1985.

    Parameters
    ----------
    lines
        (H, W) uint8, 0 or 255. A region does not pass between two line pixels that touch at a corner.
    smallest
        A region whose outline, along the middle of its line, holds fewer pixels belongs to the region around it, and
        so does one that is not among the 10,000 largest.

    Returns
    -------
    InstanceMap
        (H, W) int32, 1 for the largest region; the lines themselves belong to none.
    """
    step = math.ceil(math.sqrt(lines.size / _MOST_OUTLINED_PIXELS))
    if step > 1:  # a large frame may hold millions of outlines
        coarse = cv2.dilate(lines, np.ones((step, step), np.uint8))[::step, ::step]
        numbers = enclosed(np.ascontiguousarray(coarse), smallest / step**2)
        numbers = numbers.repeat(step, axis=0)[: lines.shape[0]].repeat(step, axis=1)[:, : lines.shape[1]]
        np.copyto(numbers, 0, where=lines.view(np.bool_))
        return np.ascontiguousarray(numbers)
    numbers = np.zeros(lines.shape, np.int32)
    contours, links = cv2.findContours(lines, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return numbers
    holes = [outline for outline, link in zip(contours, links[0], strict=True) if link[_PARENT] >= 0]
    kept = [hole for hole in holes if cv2.contourArea(hole) >= smallest]
    kept = sorted(kept, key=cv2.contourArea, reverse=True)[:_MOST_REGIONS]
    for number, hole in enumerate(kept, start=1):  # a region within another is smaller, so it comes later
        cv2.drawContours(numbers, [hole], 0, number, cv2.FILLED)
    np.copyto(numbers, 0, where=lines.view(np.bool_))
    return numbers
