"""A fake camera for Chromium: a real person, moving, before a wall whose fine pattern shows if it is let through."""

from pathlib import Path

import cv2
import numpy as np

from segcore.segmentation import Image

WIDTH, HEIGHT, FRAMES = 1280, 720, 60
_TILE = 8


def wall() -> Image:
    """Return a chessboard with tiles of 8 pixels: all its detail is finer than what a blurred background keeps."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH] // _TILE
    board = np.where((rows + columns) % 2, 60, 200).astype(np.uint8)
    return cv2.merge([board, board, board])


def frame(astronaut: Image, number: int, person: np.ndarray) -> Image:
    """Return one picture of the clip.

    Parameters
    ----------
    astronaut
        (512, 512, 3) BGR.
    number
        Moves the person: one swing from side to side takes ``FRAMES`` frames.
    person
        (512, 512) uint8, opacity of the person in ``astronaut``.
    """
    picture = wall()
    side = HEIGHT
    figure, alpha = (cv2.resize(one, (side, side), interpolation=cv2.INTER_LINEAR) for one in (astronaut, person))
    left = round((WIDTH - side) / 2 + 100 * np.sin(2 * np.pi * number / FRAMES))
    weight = alpha[..., None] / 255
    part = picture[:, left : left + side]
    part[...] = np.rint(figure * weight + part * (1 - weight))
    return picture


def write_clip(path: Path, astronaut: Image, person: np.ndarray) -> Path:
    """Write the clip as a row of JPEG pictures, which Chromium plays as a camera, over and over."""
    with path.open("wb") as file:
        for number in range(FRAMES):
            _, jpeg = cv2.imencode(".jpg", frame(astronaut, number, person), [cv2.IMWRITE_JPEG_QUALITY, 92])
            file.write(jpeg.tobytes())
    return path
