"""One 1280x720 frame, from `av.VideoFrame` to `av.VideoFrame`, against the obvious numpy way of the same effect."""

import statistics
import time
from collections.abc import Callable, Iterator

import av
import cv2
import numpy as np

from segcore.overlays.blur import Blur
from segcore.picture.color_tags import BT601
from segcore.picture.video_frame import canvas_of_frame
from segcore.pipeline import build_pipeline
from segcore.recipe import load_recipe
from segcore.segmentation import Segmentation
from tests.bench.common import TINT_RED, picture, verdict

_ROUNDS = 100


def numpy_tint(frame: av.VideoFrame) -> av.VideoFrame:
    image = frame.to_ndarray(format="bgr24")
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    mask = cv2.inRange(hsv, (172, 110, 70), (179, 255, 255)) | cv2.inRange(hsv, (0, 110, 70), (8, 255, 255))
    inside = mask > 0
    image[inside] = (image[inside] * 0.5 + np.array((48, 59, 255)) * 0.5).astype(np.uint8)
    return av.VideoFrame.from_ndarray(image, format="bgr24")


def numpy_blur(frame: av.VideoFrame, alpha: np.ndarray) -> av.VideoFrame:
    image = frame.to_ndarray(format="bgr24")
    far = cv2.GaussianBlur(image, (59, 59), 0)
    weight = alpha[..., None].astype(np.float32) / 255
    mixed = image * weight + far * (1 - weight)
    return av.VideoFrame.from_ndarray(mixed.astype(np.uint8), format="bgr24")


def paired(ours: Callable[[], object], plain: Callable[[], object]) -> tuple[float, float, float]:
    """Return the medians of our time and of the plain one in ms, and of their ratio, run in turn."""
    times = []
    for _ in range(_ROUNDS):
        pair = []
        for work in (ours, plain):
            start = time.perf_counter()
            work()
            pair.append((time.perf_counter() - start) * 1000)
        times.append(pair)
    steady = times[_ROUNDS // 10 :]
    return (
        statistics.median(a for a, _ in steady),
        statistics.median(b for _, b in steady),
        statistics.median(a / b for a, b in steady),
    )


def run() -> Iterator[str]:
    frame = av.VideoFrame.from_ndarray(picture(0), format="bgr24").reformat(format="yuv420p")
    pipeline = build_pipeline(TINT_RED)
    ours, plain, ratio = paired(
        lambda: pipeline.on_canvas(canvas_of_frame(frame, untagged=BT601)).canvas.to_video_frame(),
        lambda: numpy_tint(frame),
    )
    yield verdict("tint against numpy", ratio, 0.8, at_least=False, detail=f"{ours:.1f} ms against {plain:.1f} ms")

    found = build_pipeline(load_recipe("blur_my_background"))(picture(0)).segmentation
    alpha, blur = found.foreground().opacity(), Blur()
    segmentation = Segmentation(found.label_map, found.labels, found.confidence)
    ours, plain, ratio = paired(
        lambda: blur.draw(canvas_of_frame(frame, untagged=BT601), segmentation).to_video_frame(),
        lambda: numpy_blur(frame, alpha),
    )
    detail = f"{ours:.1f} ms against {plain:.1f} ms, the network apart"
    yield verdict("blurred background against numpy", ratio, 0.3, at_least=False, detail=detail)
