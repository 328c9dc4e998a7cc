"""A clip, processed, against the same PyAV decode and encode with nothing in between."""

import os
import time
from collections.abc import Callable, Iterator
from functools import cache, partial

import av
import cv2
import numpy as np

from segcore.frames import canvas_of_frame
from segcore.methods.network import load_network
from segcore.model_card import cards
from segcore.pipeline import build_pipeline
from segcore.recipe import Recipe, load_recipe
from segcore.video import VideoInfo, probe, process_video
from tests.bench.common import FRAMES, TINT_RED, X264, clip, folder, interleaved, verdict


def pass_through() -> None:
    """Decode and encode, as plain as PyAV lets one."""
    with av.open(clip()) as source, av.open(folder() / "plain.mp4", "w") as target:
        video = source.streams.video[0]
        video.thread_type = "AUTO"
        stream = target.add_stream("libx264", rate=video.average_rate, options=X264)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        for frame in source.decode(video):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def process(recipe: Recipe) -> None:
    for _ in process_video(clip(), folder() / "result.mp4", recipe, info=_info()):
        pass


@cache
def _info() -> VideoInfo:
    """Return what the clip holds: a page looks at a clip once, when it is uploaded."""
    return probe(clip())


def rate(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return FRAMES / (time.perf_counter() - start)


def cpu_s(work: Callable[[], None]) -> float:
    before = os.times()
    work()
    after = os.times()
    return after.user + after.system - before.user - before.system


def network_alone() -> None:
    """Run the network on every picture of the clip, its pictures ready."""
    network = load_network(cards()["selfie_landscape"])
    for _ in range(FRAMES):
        network.forward(_first_picture())


def _first_picture() -> np.ndarray:
    if not _pictures:
        with av.open(clip()) as source:
            _pictures.append(canvas_of_frame(next(source.decode(video=0))).bgr())
    return _pictures[0]


_pictures: list[np.ndarray] = []


def wrong_pixels() -> int:
    """Return how many pixels of the clip's masks differ from cv2's own inRange on the same pictures."""
    pipeline, wrong = build_pipeline(TINT_RED), 0
    with av.open(clip()) as source:
        for frame in source.decode(video=0):
            canvas = canvas_of_frame(frame)
            hsv = cv2.cvtColor(canvas.bgr(), cv2.COLOR_BGR2HSV)
            ends = cv2.inRange(hsv, (172, 110, 70), (179, 255, 255)), cv2.inRange(hsv, (0, 110, 70), (8, 255, 255))
            wanted = cv2.bitwise_or(*ends) > 0
            wrong += int(((pipeline.on_canvas(canvas).segmentation.label_map > 0) != wanted).sum())
    return wrong


def run() -> Iterator[str]:
    clip()
    plain, tinted, share = interleaved(partial(rate, pass_through), partial(rate, partial(process, TINT_RED)))
    detail = f"{tinted:.0f} of {plain:.0f} pictures/s, {wrong_pixels()} pixels of the masks wrong"
    yield verdict("tint, share of the pass-through's rate", share, 0.72, at_least=True, detail=detail)
    blur = load_recipe("blur_my_background")

    def plain_and_network() -> float:
        return cpu_s(pass_through) + cpu_s(network_alone)

    allowed, used, times = interleaved(plain_and_network, partial(cpu_s, partial(process, blur)), pairs=3)
    detail = f"{used:.1f} against {allowed:.1f} CPU seconds"
    yield verdict("selfie and blur, CPU against pass-through + network", times, 1.45, at_least=False, detail=detail)
