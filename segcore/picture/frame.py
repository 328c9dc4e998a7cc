"""One image of a stream, with what is computed from it."""

from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from segcore.picture.canvas import Canvas
from segcore.picture.scaling import shrink
from segcore.segmentation import Image, Plane, u8

ColorSpace: TypeAlias = Literal["hsv", "bgr", "lab"]
"""L*a*b* is CIE's, of 1976."""
FROM_BGR = {"hsv": cv2.COLOR_BGR2HSV, "lab": cv2.COLOR_BGR2LAB}
_MOST_KEPT_PIXELS = 3840 * 2160  # no frame of a clip is larger; a photo may be, and is looked at once
_SMALLEST_FLOW_PX = 32  # OpenCV finds no flow in smaller images


class Frame:
    """One image of a stream. What is computed from it is computed once, when first asked for, and kept with it.

    All who work on it share that, so nothing that it returns is to be written to. It belongs to one thread.

    Attributes
    ----------
    canvas
        The image, as BGR or as a video frame's planes.
    """

    def __init__(self, canvas: Canvas, before: "Frame | None" = None) -> None:
        """Begin with an image, and with the frame before it in the stream, if there is one."""
        self.canvas = canvas
        self._before = before
        self._converted: dict[ColorSpace, Image] = {}
        self._images: dict[tuple[int, int], Image] = {}
        self._greys: dict[tuple[int, int], Plane] = {}
        self._flows: dict[tuple[int, int], npt.NDArray[np.float32]] = {}
        if before is not None:
            before._retire()

    @classmethod
    def of_image(cls, image: Image, before: "Frame | None" = None) -> "Frame":
        """Return a frame on a BGR image, (H, W, 3) uint8, which it shares."""
        return cls(Canvas.sharing_image(image), before)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.canvas.size

    @property
    def bgr(self) -> Image:
        """The image, (H, W, 3) uint8, BGR."""
        return self.bgr_at(*self.size)

    @property
    def grey(self) -> Plane:
        """The brightness, (H, W) uint8, 0 to 255: see `Canvas.grey`."""
        return self.grey_at(*self.size)

    @property
    def luma(self) -> Plane:
        """The brightness as the planes have it, (H, W) uint8: see `Canvas.luma`. It is not kept."""
        return self.canvas.luma()

    def in_space(self, space: ColorSpace, rows: slice = slice(None)) -> Image:
        """Return some rows of the image in a colour space, (H, W, 3) uint8. Hue is 0 to 179, all else 0 to 255."""
        if space == "bgr":
            return self.bgr[rows]
        height, width = self.size
        if height * width > _MOST_KEPT_PIXELS:
            return u8(cv2.cvtColor(self.bgr[rows], FROM_BGR[space]))
        if space not in self._converted:
            self._converted[space] = u8(cv2.cvtColor(self.bgr, FROM_BGR[space]))
        return self._converted[space][rows]

    def bgr_at(self, height: int, width: int) -> Image:
        """Return the image at another, as a rule smaller, size, (height, width, 3) uint8, BGR."""
        size = height, width
        if size not in self._images:
            self._images[size] = self.canvas.bgr() if size == self.size else self.canvas.bgr_at(height, width)
        return self._images[size]

    def grey_at(self, height: int, width: int) -> Plane:
        """Return the brightness at another, as a rule smaller, size, (height, width) uint8, 0 to 255."""
        size = height, width
        if size in self._greys:
            return self._greys[size]
        grey = self.canvas.grey() if size == self.size else shrink(self.grey, height, width)
        if height * width <= _MOST_KEPT_PIXELS:
            self._greys[size] = grey
        return grey

    def flow_at(self, height: int, width: int) -> npt.NDArray[np.float32] | None:
        """Return the optical flow from the frame before, found at a size.

        T. Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016.

        Parameters
        ----------
        height, width
            The size at which to look. The time grows with its pixels.

        Returns
        -------
        ndarray or None
            (height, width, 2) float32: for each pixel, the way in x and y to where it was in the frame before, in
            pixels of that size. None if there was no frame before, or one of another size.
        """
        size = height, width
        if size not in self._flows:
            if self._before is None or self._before.size != self.size:
                return None
            nothing = np.zeros((height, width, 2), np.float32)
            if min(size) < _SMALLEST_FLOW_PX:
                return nothing
            search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
            now, before = self.grey_at(height, width), self._before.grey_at(height, width)
            self._flows[size] = np.asarray(search.calc(now, before, nothing), np.float32)
        return self._flows[size]

    def _retire(self) -> None:
        """Let go of all but the brightness, which the next frame's flow needs, and of the frames before."""
        self._before = None
        self._images.clear()
        self._converted.clear()
        self._flows.clear()
