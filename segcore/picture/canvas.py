"""A picture to draw on, as BGR or as a video frame's own planes (I420), with the few operations overlays need.

Converting a frame to BGR and back costs more than drawing on it. So an overlay is written once, against
`Canvas`, and works on either: every operation treats each plane alike, with the mask at that plane's size.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.plane import VideoPlane
from av.video.reformatter import Colorspace, VideoReformatter

from segcore.picture.color_tags import BT601, YuvMatrix
from segcore.picture.scaling import row_bands, shrink, wider
from segcore.segmentation import Color, Image, Plane, u8

_LARGEST_STACK_PX = 127  # radius that cv2.stackBlur takes
_QUARTER_FROM_PX = 12  # a blur this wide looks the same on a picture of a quarter of the width


class _Converters(threading.local):
    """Each thread's own swscale: making one anew costs twice what a conversion does."""

    def __init__(self) -> None:
        self.swscale = VideoReformatter()


_CONVERTERS = _Converters()


@dataclass(frozen=True, slots=True)
class Canvas:
    """A picture's planes.

    Attributes
    ----------
    planes
        Either one (H, W, 3) BGR picture, or Y (H, W), U and V (H/2, W/2), all uint8. Views into ``buffer``.
    buffer
        The memory behind the planes: (H, W, 3), or (H*3/2, W) laid out as OpenCV and PyAV lay out I420.
    matrix
        How YUV was made from RGB; None for BGR.
    """

    planes: tuple[npt.NDArray[np.uint8], ...]
    buffer: npt.NDArray[np.uint8]
    matrix: YuvMatrix | None = None

    @classmethod
    def of_image(cls, image: Image) -> "Canvas":
        """Wrap a BGR picture, (H, W, 3) uint8, without copying it."""
        return cls((image,), image)

    @classmethod
    def of_i420(cls, buffer: npt.NDArray[np.uint8], matrix: YuvMatrix) -> "Canvas":
        """Wrap an I420 buffer, (H*3/2, W) uint8 with H and W even, without copying it."""
        rows, width = buffer.shape
        height = rows * 2 // 3
        chroma = buffer.reshape(-1)[height * width :].reshape(2, height // 2, width // 2)
        return cls((buffer[:height], chroma[0], chroma[1]), buffer, matrix)

    @classmethod
    def from_image(cls, image: Image, matrix: YuvMatrix) -> "Canvas":
        """Convert a BGR picture, (H, W, 3) uint8 with H and W even, to I420."""
        if matrix == BT601:
            return cls.of_i420(u8(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)), matrix)
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        planes = frame.to_ndarray(format="yuv420p", dst_colorspace=matrix.name, dst_color_range=matrix.range_name)
        return cls.of_i420(u8(planes), matrix)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.planes[0].shape[:2]
        return height, width

    def blank(self, height: int | None = None, width: int | None = None) -> "Canvas":
        """Return a new canvas of this kind, its content undefined, as large as this one unless said otherwise."""
        if height is None or width is None:
            height, width = self.size
        if self.matrix is None:
            return Canvas.of_image(np.empty((height, width, 3), np.uint8))
        return Canvas.of_i420(np.empty((height * 3 // 2, width), np.uint8), self.matrix)

    def bgr(self) -> Image:
        """Return the picture as BGR, (H, W, 3) uint8."""
        if self.matrix is None:
            return self.buffer
        if self.matrix == BT601:
            return u8(cv2.cvtColor(self.buffer, cv2.COLOR_YUV2BGR_I420))
        converted = _CONVERTERS.swscale.reformat(
            self.frame(),
            format="bgr24",
            src_colorspace=Colorspace[self.matrix.name],
            src_color_range=self.matrix.range_name,
            threads=1,
        )
        return np.ascontiguousarray(plane_pixels(converted.planes[0], 3)).reshape(*self.size, 3)

    def luma(self) -> Plane:
        """Return the picture's brightness, (H, W) uint8: its own Y, or grey of BGR."""
        return u8(cv2.cvtColor(self.buffer, cv2.COLOR_BGR2GRAY)) if self.matrix is None else self.planes[0]

    def bgr_at(self, height: int, width: int) -> Image:
        """Return the picture as BGR at another, as a rule smaller, size: shrunk first, for that is faster on planes."""
        even = (height, width) if self.matrix is None else (height + height % 2, width + width % 2)
        return shrink(self.scaled(*even).bgr(), height, width)

    def frame(self) -> av.VideoFrame:
        """Return an I420 canvas as a video frame, which shares its memory where it can."""
        height, width = self.size
        if height % 4 == 0:
            return av.VideoFrame.from_numpy_buffer(self.buffer, "yuv420p", width)
        frame = av.VideoFrame(width, height, "yuv420p")  # PyAV wraps buffers of other heights two rows too short
        for plane, pixels in zip(frame.planes, self.planes, strict=True):
            plane_pixels(plane)[...] = pixels
        return frame

    def values(self, color: Color) -> tuple[Color | int, ...]:
        """Return what a colour is on each plane."""
        return (color,) if self.matrix is None else self.matrix.to_yuv(color)

    def filled(self, color: Color) -> "Canvas":
        """Return a new canvas of one colour."""
        new = self.blank()
        for plane, value in zip(new.planes, self.values(color), strict=True):
            plane[...] = value
        return new

    def toward(self, color: Color, strength: float) -> "Canvas":
        """Return a new canvas with every pixel moved toward a colour; ``strength`` 0 leaves it, 1 is the colour."""
        new = self.blank()
        for plane, target, value in zip(self.planes, new.planes, self.values(color), strict=True):
            levels = np.arange(256).reshape(1, 256, 1) * (1 - strength) + np.array(value) * strength
            cv2.LUT(plane, np.rint(levels).astype(np.uint8), target)
        return new

    def coated(self, index: Plane, colors: Sequence[Color], strength: float) -> "Canvas":
        """Return a new canvas with pixels moved toward colours, each toward the one that ``index`` names.

        Parameters
        ----------
        index
            (H, W) uint8: 1 for the first colour, 0 for a pixel that stays.
        colors
            At most 255.
        strength
            0 leaves the picture, 1 is plain colour.
        """
        new = self.blank()
        for number, (plane, target) in enumerate(zip(self.planes, new.planes, strict=True)):
            fitted = index if plane.shape[:2] == index.shape else _half(index, soft=False)
            table = np.zeros((1, 256, *plane.shape[2:]), np.uint8)
            table[0, 1 : len(colors) + 1] = [self.values(color)[number] for color in colors]
            target[...] = plane
            for rows in row_bands(*fitted.shape):
                where = fitted[rows]
                coat = cv2.LUT(where if plane.ndim == 2 else cv2.merge([where] * 3), table)
                cv2.copyTo(cv2.addWeighted(plane[rows], 1 - strength, coat, strength, 0), where, target[rows])
        return new

    def stamp(self, ink: Plane, mask: Plane, left: int, top: int) -> None:
        """Draw a small grey picture onto this very canvas.

        Parameters
        ----------
        ink
            (h, w) uint8, its greys.
        mask
            (h, w) uint8, 0 to 255: how much of them shows.
        left, top
            Where its corner goes, in pixels. On I420, these and its height and width are even.
        """
        height, width = ink.shape
        grey = self.blank(height, width).write(ink)
        for plane, above in zip(self.planes, grey.planes, strict=True):
            step = self.size[0] // plane.shape[0]
            below = plane[top // step :, left // step :][: above.shape[0], : above.shape[1]]
            _mix(below, above, mask if step == 1 else _half(mask, soft=True), below)

    def without_color(self) -> "Canvas":
        """Return a new canvas in shades of grey."""
        if self.matrix is None:
            grey = cv2.cvtColor(self.buffer, cv2.COLOR_BGR2GRAY)
            return Canvas.of_image(u8(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)))
        new = self.blank()
        new.planes[0][...] = self.planes[0]
        new.buffer[new.size[0] :] = 128
        return new

    def blurred(self, radius_px: float, without: Plane) -> "Canvas":
        """Return a new, blurred canvas into which nothing runs from under a mask.

        Parameters
        ----------
        radius_px
            About the distance over which detail is lost, in pixels of the picture. A wide blur is made on a picture
            of a quarter of the width: there is nothing left to see that this would lose.
        without
            (H, W) uint8. What lies under it does not colour its surroundings, so that no halo is around it:
            normalized convolution (Knutsson and Westin, 1993), with the mask's inverse as certainty.
        """
        height, width = self.size
        scale = 4 if radius_px >= _QUARTER_FROM_PX and min(height, width) >= 16 else 1
        new = self.blank()
        for alike in ([0], [1, 2])[: len(self.planes)]:  # U and V share their certainty
            whole = self.planes[alike[0]].shape
            size = (whole[0] // scale, whole[1] // scale)
            certainty = np.maximum(255 - shrink(without, *size), 1)  # never 0: it is divided by
            small = [shrink(self.planes[number], *size) for number in alike]
            far = _blurred(small, certainty, radius_px / scale * whole[0] / height)
            for number, plane in zip(alike, far, strict=True):
                target = new.planes[number]
                cv2.resize(plane, target.shape[1::-1], target, interpolation=cv2.INTER_LINEAR)
        return new

    def scaled(self, height: int, width: int) -> "Canvas":
        """Return a new canvas of another size, in pixels (even for I420)."""
        new = self.blank(height, width)
        for plane, target in zip(self.planes, new.planes, strict=True):
            target[...] = shrink(plane, *target.shape[:2])
        return new

    def beside(self, other: "Canvas") -> "Canvas":
        """Return a new canvas with ``other``, of the same kind and height, to the right of this one."""
        new = self.blank(self.size[0], self.size[1] + other.size[1])
        for left, right, target in zip(self.planes, other.planes, new.planes, strict=True):
            target[:, : left.shape[1]] = left
            target[:, left.shape[1] :] = right
        return new

    def blend(self, over: "Canvas", mask: Plane, *, soft: bool) -> "Canvas":
        """Return a new canvas that shows ``over`` where the mask is, and this one elsewhere.

        Parameters
        ----------
        over
            A canvas of the same kind and size.
        mask
            (H, W) uint8. Soft: 255 shows ``over``, 0 this one, between them a mixture. Hard: non-zero shows ``over``.
        soft
            Which of the two the mask is.
        """
        new = self.blank()
        for below, above, target in zip(self.planes, over.planes, new.planes, strict=True):
            fitted = mask if below.shape[:2] == mask.shape else _half(mask, soft=soft)
            if soft:
                _mix(below, above, fitted, target)
            else:
                target[...] = below
                cv2.copyTo(above, fitted, target)
        return new

    def write(self, mask: Plane) -> "Canvas":
        """Return a new canvas of this kind that shows a mask, (H, W) uint8, in grey."""
        if self.matrix is None:
            return Canvas.of_image(u8(cv2.cvtColor(mask, cv2.COLOR_GRAY2BGR)))
        new = self.blank()
        cv2.LUT(mask, _luma_of_greys(self.matrix), new.planes[0])
        new.buffer[new.size[0] :] = 128
        return new


@cache
def _luma_of_greys(matrix: YuvMatrix) -> npt.NDArray[np.uint8]:
    """Return Y of every grey, (256,) uint8."""
    return np.array([matrix.to_yuv((grey, grey, grey))[0] for grey in range(256)], np.uint8)


def plane_pixels(plane: VideoPlane, channels: int = 1) -> npt.NDArray[np.uint8]:
    """Return a frame's plane, (H, W * channels) uint8, without its padding and without copying it."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width * channels]


def _half(mask: Plane, *, soft: bool) -> Plane:
    """Bring a mask to the size of a chroma plane: the mean of each 2x2 block, or its first pixel if hard."""
    if not soft:
        return np.ascontiguousarray(mask[::2, ::2])
    size = (mask.shape[1] // 2, mask.shape[0] // 2)
    return u8(cv2.resize(mask, size, interpolation=cv2.INTER_AREA))


def _blurred(
    planes: Sequence[npt.NDArray[np.uint8]], certainty: Plane, radius_px: float
) -> list[npt.NDArray[np.uint8]]:
    """Return planes of one size, (h, w) or (h, w, 3), blurred, each pixel counting as much as it is certain, 1 to 255.

    In floats, for OpenCV's stackBlur overflows in 16 bits.
    """
    reach = min(max(1, round(radius_px)), _LARGEST_STACK_PX)
    side = (2 * reach + 1, 2 * reach + 1)
    blurred = [np.empty_like(plane) for plane in planes]
    for rows in row_bands(*certainty.shape):
        around, inner = wider(rows, 2 * reach, len(certainty))  # stackBlur needs as many rows as its square has
        certain = certainty[around]
        weight = cv2.stackBlur(certain.astype(np.float32), side)
        for plane, target in zip(planes, blurred, strict=True):
            if plane.ndim == 3 and weight.ndim == 2:
                certain, weight = u8(cv2.merge([certain] * 3)), cv2.merge([weight] * 3)
            weighted = cv2.stackBlur(cv2.multiply(plane[around], certain, dtype=cv2.CV_32F), side)
            target[rows] = cv2.divide(weighted, weight, dtype=cv2.CV_8U)[inner]
    return blurred


def _mix(
    below: npt.NDArray[np.uint8], above: npt.NDArray[np.uint8], mask: Plane, target: npt.NDArray[np.uint8]
) -> None:
    """Write ``below * (255 - mask) / 255 + above * mask / 255``, each rounded, to ``target``.

    Where the mask is 0 or 255 this is exact; between, it is off by one at most.
    """
    for rows in row_bands(*mask.shape):
        share = mask[rows] if below.ndim == 2 else u8(cv2.merge([mask[rows]] * 3))
        mixed = target[rows]
        cv2.multiply(below[rows], cv2.bitwise_not(share), mixed, 1 / 255)
        cv2.add(mixed, cv2.multiply(above[rows], share, scale=1 / 255), mixed)
