"""An image to draw on, as BGR or as a video frame's own planes (I420), with the few operations overlays need.

Converting a frame to BGR and back costs more than drawing on it. So an overlay is written once, against
`Canvas`, and works on either: every operation treats each plane alike, with the mask at that plane's size.

Names tell whose memory it is. ``sharing_...`` and ``to_video_frame`` share it with the caller, ``converted...`` and all
participles (``blended``, ``scaled``) return a new canvas, and what ends in ``_in_place`` changes this very one.
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

from segcore.picture.blending import blurred_by_certainty, mix
from segcore.picture.color_tags import BT601, YuvMatrix
from segcore.picture.scaling import row_bands, shrink
from segcore.segmentation import Color, Image, Mask, Plane, u8

_QUARTER_FROM_PX = 12  # a blur this wide looks the same on an image of a quarter of the width


class _Converters(threading.local):
    """Each thread's own swscale: making one anew costs twice what a conversion does."""

    def __init__(self) -> None:
        self.swscale = VideoReformatter()


_CONVERTERS = _Converters()


@dataclass(frozen=True, slots=True)
class Canvas:
    """An image's planes.

    Attributes
    ----------
    planes
        Either one (H, W, 3) BGR image, or Y (H, W), U and V (H/2, W/2), all uint8. Views into ``buffer``.
    buffer
        The memory behind the planes: (H, W, 3), or (H*3/2, W) laid out as OpenCV and PyAV lay out I420.
    matrix
        How YUV was made from RGB; None for BGR.
    """

    planes: tuple[npt.NDArray[np.uint8], ...]
    buffer: npt.NDArray[np.uint8]
    matrix: YuvMatrix | None = None

    @classmethod
    def sharing_image(cls, image: Image) -> "Canvas":
        """Return a canvas on a BGR image, (H, W, 3) uint8, which it shares."""
        return cls((image,), image)

    @classmethod
    def sharing_i420(cls, buffer: npt.NDArray[np.uint8], matrix: YuvMatrix) -> "Canvas":
        """Return a canvas on an I420 buffer, (H*3/2, W) uint8 with H and W even, which it shares."""
        rows, width = buffer.shape
        height = rows * 2 // 3
        chroma = buffer.reshape(-1)[height * width :].reshape(2, height // 2, width // 2)
        return cls((buffer[:height], chroma[0], chroma[1]), buffer, matrix)

    @classmethod
    def converted_from(cls, image: Image, matrix: YuvMatrix) -> "Canvas":
        """Return a new I420 canvas that shows a BGR image, (H, W, 3) uint8 with H and W even."""
        if matrix == BT601:
            return cls.sharing_i420(u8(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)), matrix)
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        planes = frame.to_ndarray(format="yuv420p", dst_colorspace=matrix.name, dst_color_range=matrix.range_name)
        return cls.sharing_i420(u8(planes), matrix)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.planes[0].shape[:2]
        return height, width

    def empty_like(self, height: int | None = None, width: int | None = None) -> "Canvas":
        """Return a new canvas of this kind, its content undefined, as large as this one unless said otherwise."""
        if height is None or width is None:
            height, width = self.size
        if self.matrix is None:
            return Canvas.sharing_image(np.empty((height, width, 3), np.uint8))
        return Canvas.sharing_i420(np.empty((height * 3 // 2, width), np.uint8), self.matrix)

    def bgr(self) -> Image:
        """Return the image as BGR, (H, W, 3) uint8: of a BGR canvas its own memory, else a new one."""
        if self.matrix is None:
            return self.buffer
        if self.matrix == BT601:
            return u8(cv2.cvtColor(self.buffer, cv2.COLOR_YUV2BGR_I420))
        converted = _CONVERTERS.swscale.reformat(
            self.to_video_frame(),
            format="bgr24",
            src_colorspace=Colorspace[self.matrix.name],
            src_color_range=self.matrix.range_name,
            threads=1,
        )
        return np.ascontiguousarray(plane_pixels(converted.planes[0], 3)).reshape(*self.size, 3)

    def luma(self) -> Plane:
        """Return the brightness as the planes have it, (H, W) uint8: the very Y of I420, else grey of BGR.

        Y runs from 16 to 235 unless its matrix has the full range, grey from 0 to 255: enough to compare pixels of one
        canvas, and no conversion for I420.
        """
        return self.planes[0] if self.matrix else self.grey()

    def grey(self) -> Plane:
        """Return the brightness, (H, W) uint8, always 0 to 255: OpenCV's grey of the BGR image, within rounding."""
        if self.matrix is None:
            return u8(cv2.cvtColor(self.buffer, cv2.COLOR_BGR2GRAY))
        if (self.matrix.kr, self.matrix.kb) != (BT601.kr, BT601.kb):  # other weights: a red thing is lighter or darker
            return u8(cv2.cvtColor(self.bgr(), cv2.COLOR_BGR2GRAY))
        return self.planes[0] if self.matrix.full_range else u8(cv2.LUT(self.planes[0], _GREY_OF_LUMA))

    def bgr_at(self, height: int, width: int) -> Image:
        """Return the image as BGR at another, as a rule smaller, size: shrunk first, for that is faster on planes."""
        even = (height, width) if self.matrix is None else (height + height % 2, width + width % 2)
        return shrink(self.scaled(*even).bgr(), height, width)

    def to_video_frame(self) -> av.VideoFrame:
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
        new = self.empty_like()
        for plane, value in zip(new.planes, self.values(color), strict=True):
            plane[...] = value
        return new

    def toward(self, color: Color, strength: float) -> "Canvas":
        """Return a new canvas with every pixel moved toward a colour; ``strength`` 0 leaves it, 1 is the colour."""
        new = self.empty_like()
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
            0 leaves the image, 1 is plain colour.
        """
        new = self.empty_like()
        for number, (plane, target) in enumerate(zip(self.planes, new.planes, strict=True)):
            fitted = index if plane.shape[:2] == index.shape else Mask(index).halved().values
            table = np.zeros((1, 256, *plane.shape[2:]), np.uint8)
            table[0, 1 : len(colors) + 1] = [self.values(color)[number] for color in colors]
            target[...] = plane
            for rows in row_bands(*fitted.shape):
                where = fitted[rows]
                coat = cv2.LUT(where if plane.ndim == 2 else cv2.merge([where] * 3), table)
                cv2.copyTo(cv2.addWeighted(plane[rows], 1 - strength, coat, strength, 0), where, target[rows])
        return new

    def stamp_in_place(self, ink: Plane, mask: Mask, left: int, top: int) -> None:
        """Draw a small grey image onto this very canvas.

        Parameters
        ----------
        ink
            (h, w) uint8, its greys.
        mask
            (h, w), soft: how much of them shows.
        left, top
            Where its corner goes, in pixels. On I420, these and its height and width are even.
        """
        grey = self.showing(ink)
        for plane, above in zip(self.planes, grey.planes, strict=True):
            step = self.size[0] // plane.shape[0]
            below = plane[top // step :, left // step :][: above.shape[0], : above.shape[1]]
            mix(below, above, (mask if step == 1 else mask.halved()).values, below)

    def without_color(self) -> "Canvas":
        """Return a new canvas in shades of grey."""
        if self.matrix is None:
            grey = cv2.cvtColor(self.buffer, cv2.COLOR_BGR2GRAY)
            return Canvas.sharing_image(u8(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)))
        new = self.empty_like()
        new.planes[0][...] = self.planes[0]
        new.buffer[new.size[0] :] = 128
        return new

    def blurred(self, radius_px: float, without: Mask) -> "Canvas":
        """Return a new, blurred canvas into which nothing runs from under a mask.

        Parameters
        ----------
        radius_px
            About the distance over which detail is lost, in pixels of the image. A wide blur is made on an image
            of a quarter of the width: there is nothing left to see that this would lose.
        without
            (H, W). What lies under it does not colour its surroundings, so that no halo is around it:
            normalized convolution (Knutsson and Westin, 1993), with the mask's inverse as certainty.
        """
        height, width = self.size
        scale = 4 if radius_px >= _QUARTER_FROM_PX and min(height, width) >= 16 else 1
        new, covered = self.empty_like(), without.opacity()
        for alike in ([0], [1, 2])[: len(self.planes)]:  # U and V share their certainty
            whole = self.planes[alike[0]].shape
            size = (whole[0] // scale, whole[1] // scale)
            certainty = np.maximum(255 - shrink(covered, *size), 1)  # never 0: it is divided by
            small = [shrink(self.planes[number], *size) for number in alike]
            far = blurred_by_certainty(small, certainty, radius_px / scale * whole[0] / height)
            for number, plane in zip(alike, far, strict=True):
                target = new.planes[number]
                cv2.resize(plane, target.shape[1::-1], target, interpolation=cv2.INTER_LINEAR)
        return new

    def scaled(self, height: int, width: int) -> "Canvas":
        """Return a new canvas of another size, in pixels (even for I420)."""
        new = self.empty_like(height, width)
        for plane, target in zip(self.planes, new.planes, strict=True):
            target[...] = shrink(plane, *target.shape[:2])
        return new

    def beside(self, other: "Canvas") -> "Canvas":
        """Return a new canvas with ``other``, of the same kind and height, to the right of this one."""
        new = self.empty_like(self.size[0], self.size[1] + other.size[1])
        for left, right, target in zip(self.planes, other.planes, new.planes, strict=True):
            target[:, : left.shape[1]] = left
            target[:, left.shape[1] :] = right
        return new

    def blended(self, over: "Canvas", mask: Mask) -> "Canvas":
        """Return a new canvas that shows ``over`` where a mask is, and this one elsewhere.

        ``over`` is of the same kind and size. Where a soft mask is between 0 and 255, a mixture of the two is shown.
        """
        new = self.empty_like()
        for below, above, target in zip(self.planes, over.planes, new.planes, strict=True):
            fitted = mask if below.shape[:2] == mask.values.shape else mask.halved()
            if mask.soft:
                mix(below, above, fitted.values, target)
            else:
                target[...] = below
                cv2.copyTo(above, fitted.values, target)
        return new

    def showing(self, grey: Plane) -> "Canvas":
        """Return a new canvas of this kind that shows a grey image, (H, W) uint8."""
        if self.matrix is None:
            return Canvas.sharing_image(u8(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)))
        new = self.empty_like(*grey.shape)
        cv2.LUT(grey, _luma_of_greys(self.matrix), new.planes[0])
        new.buffer[new.size[0] :] = 128
        return new


_GREY_OF_LUMA = np.rint((np.arange(256) - 16) * 255 / 219).clip(0, 255).astype(np.uint8)
"""Of Y from 16 to 235, ITU-R BT.601-7."""


@cache
def _luma_of_greys(matrix: YuvMatrix) -> npt.NDArray[np.uint8]:
    """Return Y of every grey, (256,) uint8."""
    return np.array([matrix.to_yuv((grey, grey, grey))[0] for grey in range(256)], np.uint8)


def plane_pixels(plane: VideoPlane, channels: int = 1) -> npt.NDArray[np.uint8]:
    """Return a frame's plane, (H, W * channels) uint8, without its padding and without copying it."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width * channels]
