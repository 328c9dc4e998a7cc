"""From a video frame to a canvas: its colours right, upright, and with even sides."""

import av
import cv2
import numpy as np

from segcore.picture.canvas import Canvas, plane_pixels
from segcore.picture.color_tags import YuvMatrix, matrix_of

_PLANAR = ("yuv420p", "yuvj420p")
_ROTATIONS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


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
    canvas = Canvas.sharing_i420(np.empty((chroma_height * 3, chroma_width * 2), np.uint8), matrix)
    for plane, target in zip(planes, canvas.planes, strict=True):
        if plane.shape == target.shape:
            np.copyto(target, plane)
        else:
            target[...] = np.pad(
                plane, [(0, large - small) for small, large in zip(plane.shape, target.shape, strict=True)], "edge"
            )
    return canvas
