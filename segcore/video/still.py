"""The first frame of a clip, read in a process of its own."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from segcore.picture.clip_frame import ClipFrame
from segcore.processes.worker import Limits, Message, ask_once
from segcore.segmentation import Image
from segcore.video.probe import VideoInfo
from segcore.video.reader import ClipReader

_LIMITS = Limits(memory_bytes=3 << 30, silence_s=30)
_FAILED = "There is no picture in this video that can be read; save it again and try once more."


def first_picture(path: Path, info: VideoInfo) -> Image:
    """Return a clip's first frame.

    Parameters
    ----------
    path
        The clip.
    info
        What `probe` found.

    Returns
    -------
    Image
        (H, W, 3) uint8, BGR, upright; it can't be written to.

    Raises
    ------
    SegdeckError
        If there is none that can be read.
    """
    question = {"path": str(path), "info": asdict(info)}
    size, pixels = ask_once("segcore.video.still:answer", question, _LIMITS, _FAILED)
    return np.frombuffer(pixels, np.uint8).reshape(size["height"], size["width"], 3)


def answer(path: str, info: Mapping[str, Any]) -> Iterator[Message]:
    """Do the work of `first_picture`, in a worker."""
    with ClipReader(Path(path), VideoInfo(**info)) as reader, closing(reader.items()) as items:
        for item in items:
            if isinstance(item, ClipFrame):
                image = item.canvas.bgr()
                yield {"height": image.shape[0], "width": image.shape[1]}, image.tobytes()
                return
