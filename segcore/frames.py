"""From a video frame to a canvas: its colours right, upright, and with even sides."""

from dataclasses import replace

import av
import cv2
import numpy as np

from segcore.canvas import BT601, BT709, Canvas, YuvMatrix, plane_pixels

_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_RGB, _UNSPECIFIED = 0, 2  # AVCOL_SPC_*
_MATRICES = {
    1: BT709,
    4: YuvMatrix("FCC", 0.30, 0.11),
    5: BT601,
    6: BT601,
    7: YuvMatrix("SMPTE240M", 0.212, 0.087),
    9: YuvMatrix("BT2020", 0.2627, 0.0593),
    10: YuvMatrix("BT2020", 0.2627, 0.0593),
}
_PLANAR = ("yuv420p", "yuvj420p")
_HD_FROM_PX = 720  # players take an untagged picture this high for BT.709
_ROTATIONS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


def matrix_of(frame: av.VideoFrame, untagged: YuvMatrix | None = None) -> YuvMatrix:
    """Return how a frame's YUV was made.

    Parameters
    ----------
    frame
        The frame.
    untagged
        What to assume where the frame does not say. By default BT.709 from 720 lines on, BT.601 below.

    Returns
    -------
    YuvMatrix
        For a frame that is not YUV, the one that it will be converted with.
    """
    if frame.format.is_rgb or frame.colorspace == _RGB:
        return BT601
    matrix = _MATRICES.get(frame.colorspace) or untagged
    if matrix is None:
        matrix = BT709 if frame.height >= _HD_FROM_PX else BT601
    full_range = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
    return replace(matrix, full_range=True) if full_range else matrix


def canvas_of_frame(frame: av.VideoFrame, untagged: YuvMatrix | None = None) -> Canvas:
    """Copy a frame to a canvas.

    Parameters
    ----------
    frame
        Of any pixel format and size. It is left as it is.
    untagged
        As in `matrix_of`.

    Returns
    -------
    Canvas
        I420, turned upright. An odd width or height is made even by repeating the last pixels.
    """
    matrix = matrix_of(frame, untagged)
    turn = round(frame.rotation / 90) * 90 % 360  # asked now: a converted frame no longer knows it
    if frame.format.name not in _PLANAR:
        frame = frame.reformat(
            format="yuv420p",
            src_colorspace=None if frame.format.is_rgb else matrix.name,
            dst_colorspace=matrix.name,
            dst_color_range=matrix.range_name,
        )
    planes = [plane_pixels(plane) for plane in frame.planes]
    if turn:
        planes = [np.asarray(cv2.rotate(plane, _ROTATIONS[turn]), np.uint8) for plane in planes]
    chroma_height, chroma_width = planes[1].shape
    canvas = Canvas.of_i420(np.empty((chroma_height * 3, chroma_width * 2), np.uint8), matrix)
    for plane, target in zip(planes, canvas.planes, strict=True):
        if plane.shape == target.shape:
            np.copyto(target, plane)
        else:
            target[...] = np.pad(
                plane, [(0, large - small) for small, large in zip(plane.shape, target.shape, strict=True)], "edge"
            )
    return canvas
