"""Readers of clips that share nothing with ours: ffprobe and ffmpeg."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcore.methods.color_range import ColorRange, ColorRangeOptions
from segcore.outputs import OUTPUTS, Output
from segcore.overlays.tint import Tint
from segcore.recipe import Recipe

REDS = ColorRangeOptions(ranges=(ColorRange(name="red", color="#00ff00", low=(172, 110, 70), high=(8, 255, 255)),))
TINT = Recipe(title="Tint", segmenter=REDS, overlay=Tint(strength=1))
NOTHING = Recipe(title="Nothing", segmenter=REDS, overlay=Tint(strength=0))


def outputs(**paths: Path) -> list[Output]:
    """Return outputs by their names."""
    return [OUTPUTS[name](path) for name, path in paths.items()]


@pytest.fixture
def ffprobe() -> Callable[..., Any]:
    """Return a function that gives what ffprobe says about a clip."""
    if not shutil.which("ffprobe"):
        pytest.skip("ffprobe is not installed")

    def run(path: Path, *arguments: str) -> Any:
        command = ["ffprobe", "-v", "error", "-of", "json", *arguments, path]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    return run


@pytest.fixture
def video_stream(ffprobe: Callable[..., Any]) -> Callable[[Path], dict[str, Any]]:
    """Return a function that gives the facts of a clip's video stream."""
    return lambda path: ffprobe(path, "-select_streams", "v:0", "-show_streams")["streams"][0]


@pytest.fixture
def audio_stream(ffprobe: Callable[..., Any]) -> Callable[[Path], dict[str, Any]]:
    """Return a function that gives the facts of a clip's first sound."""
    return lambda path: ffprobe(path, "-select_streams", "a:0", "-show_streams")["streams"][0]


@pytest.fixture
def times(ffprobe: Callable[..., Any]) -> Callable[[Path], list[float]]:
    """Return a function that gives the times of a clip's pictures, in seconds."""

    def read(path: Path) -> list[float]:
        found = ffprobe(path, "-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time")
        return [float(frame["best_effort_timestamp_time"]) for frame in found["frames"]]

    return read


@pytest.fixture
def decoded() -> Callable[..., np.ndarray]:
    """Return a function that gives a clip's pictures, (N, H, W, 3) uint8, RGB, upright, as ffmpeg shows them."""
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")

    def read(path: Path, width: int, height: int) -> np.ndarray:
        command = ["ffmpeg", "-v", "error", "-i", path, "-vsync", "passthrough", "-sws_flags", "bicubic+accurate_rnd"]
        command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        raw = subprocess.run(command, check=True, capture_output=True).stdout
        return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)

    return read


@pytest.fixture
def heard() -> Callable[[Path], np.ndarray]:
    """Return a function that gives a clip's sound, mono, 48000 a second, from the clip's own time zero on."""
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")

    def read(path: Path) -> np.ndarray:
        command = ["ffmpeg", "-v", "error", "-i", path, "-vn", "-af", "aresample=async=1:first_pts=0"]
        command += ["-ac", "1", "-ar", "48000", "-f", "f32le", "-"]
        return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.float32)

    return read
