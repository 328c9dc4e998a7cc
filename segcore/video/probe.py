"""What a video file holds, found out before anything is done with it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from segcore.errors import SegdeckError
from segcore.settings import describe_seconds, settings

_TIMEOUT_S = 40
_WORKER = Path(__file__).with_name("probe_worker.py")
_ACCEPTED = "MP4, MOV, WebM, MKV and AVI are accepted."
_REFUSALS = {
    "unreadable": f"This is not a video that can be read, or it is cut off at a vital place; {_ACCEPTED}",
    "sound only": f"This file has sound but no pictures; a video is needed. {_ACCEPTED}",
    "still": f"This is a picture, not a video; the Photo page and `segdeck segment` take pictures. {_ACCEPTED}",
    "no video": f"There are no moving pictures in this file; {_ACCEPTED}",
    "unknown codec": "This video is packed in a way that can't be read here; save it as an H.264 MP4 and try again.",
    "no frames": "There is not one picture in this video that can be read; save it again and try once more.",
}


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is in a video file.

    Attributes
    ----------
    stream
        The index of its video stream.
    width_px, height_px
        As it is seen, so upright.
    turned
        Whether it lies on its side in the file.
    length_s
        In seconds, as far as the file says.
    rate_fps
        Mean frames per second.
    frames
        How many are expected.
    sound
        The name of its sound's codec; empty if it has none.
    """

    stream: int
    width_px: int
    height_px: int
    turned: bool
    length_s: float
    rate_fps: float
    frames: int
    sound: str

    def describe(self) -> str:
        """Return the facts in one line for people."""
        sound = "with sound" if self.sound else "no sound"
        return (
            f"{self.width_px}x{self.height_px} pixels · {describe_seconds(self.length_s)} · "
            f"{self.rate_fps:.3g} frames per second · {sound}"
        )


def probe(path: Path) -> VideoInfo:
    """Look at a video file, in a process of its own with limits on time and memory.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    VideoInfo
        Within the operator's limits.

    Raises
    ------
    SegdeckError
        If it is no video, can't be read, or is over a limit.
    """
    if not path.is_file():
        raise SegdeckError("There is no such file.")
    limits = settings()
    limits.check_bytes(path.stat().st_size)
    try:
        done = subprocess.run(
            [sys.executable, "-I", _WORKER, path], capture_output=True, timeout=_TIMEOUT_S, check=True, text=True
        )
        found = json.loads(done.stdout)
    except (subprocess.SubprocessError, json.JSONDecodeError):
        raise SegdeckError(_REFUSALS["unreadable"]) from None
    if error := found.get("error"):
        raise SegdeckError(_REFUSALS[error])
    info = VideoInfo(**found)
    limits.check_video_size(info.width_px, info.height_px)
    limits.check_length(info.length_s)
    return info
