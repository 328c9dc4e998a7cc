"""What the benchmarks share: the clip, the interleaved runs, the wording of a result."""

import statistics
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np

from segcore.methods.color_range import ColorRange, ColorRangeOptions
from segcore.overlays.tint import Tint
from segcore.recipe import Recipe
from segcore.segmentation import Image
from tests.astronaut import read_astronaut

WIDTH, HEIGHT, RATE, FRAMES = 1280, 720, 30, 300
X264 = {"preset": "veryfast", "crf": "23"}

RED = ColorRangeOptions(ranges=(ColorRange(name="red", low=(172, 110, 70), high=(8, 255, 255)),))
TINT_RED = Recipe(title="tint", segmenter=RED, overlay=Tint())


@cache
def folder() -> Path:
    """Return a folder that lasts as long as this process."""
    kept = tempfile.TemporaryDirectory(prefix="segdeck-bench-")
    _kept.append(kept)
    return Path(kept.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []


def picture(number: int) -> Image:
    """Return a frame of the clip: a person who moves before a soft, noisy background."""
    noise = np.random.default_rng(number)
    board = np.random.default_rng(0).integers(0, 255, (18, 32, 3), dtype=np.uint8)
    image = cv2.resize(board, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    left = 280 + round(200 * np.sin(number / 20))
    image[:, left : left + HEIGHT] = cv2.resize(read_astronaut(), (HEIGHT, HEIGHT))
    return cv2.add(image, noise.integers(0, 6, image.shape, dtype=np.uint8))


@cache
def clip() -> Path:
    """Return a clip of ten seconds, 1280x720."""
    path = folder() / "clip.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number), format="bgr24")))
        container.mux(stream.encode(None))
    return path


def interleaved(first: Callable[[], float], second: Callable[[], float], pairs: int = 5) -> tuple[float, float, float]:
    """Run two measurements in turn and return the medians of the first, of the second, and of second / first."""
    runs = [(first(), second()) for _ in range(pairs)]
    return (
        statistics.median(a for a, _ in runs),
        statistics.median(b for _, b in runs),
        statistics.median(b / a for a, b in runs),
    )


def verdict(what: str, value: float, target: float, *, at_least: bool, detail: str) -> str:
    """Word a result: the ratio, its target, and whether it is met."""
    met = value >= target if at_least else value <= target
    sign = ">=" if at_least else "<="
    return f"{what}: {value:.2f} (target {sign} {target:g}: {'met' if met else 'MISSED'}) · {detail}"
