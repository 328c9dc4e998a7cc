"""A clip, processed, against the same PyAV decode and encode with nothing in between."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from unittest.mock import patch

import av
import cv2

from segcore.networks.answers import Outputs
from segcore.networks.network import Network
from segcore.picture.video_frame import canvas_of_frame
from segcore.pipeline import build_pipeline
from segcore.processes import worker
from segcore.recipe import Recipe, load_recipe
from segcore.refinement import Refinement
from segcore.segmentation import Image
from segcore.video import VideoInfo, iterate_clip_in_worker, probe, process_clip
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
    process_clip(clip(), folder() / "result.mp4", recipe, info=_info())


def process_apart(recipe: Recipe) -> None:
    for _ in iterate_clip_in_worker(clip(), folder() / "apart.mp4", recipe, info=_info()):
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


@contextmanager
def network_cpu_s() -> Iterator[list[float]]:
    """Note the CPU seconds of each run of a network: its own, taken in the very run that they are compared with.

    Measured alone, on a machine with nothing else to do, the same network takes about a third less: it has the caches
    and the memory to itself. That would be a comparison of loads, not of work.
    """
    spent: list[float] = []
    forward = Network.forward

    def timed(network: Network, image: Image) -> Outputs:
        start = time.thread_time()
        answer = forward(network, image)
        spent.append(time.thread_time() - start)
        return answer

    with patch.object(Network, "forward", timed):
        yield spent


def wrong_pixels() -> int:
    """Return how many pixels of the clip's masks differ from cv2's own inRange on the same frames."""
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
    detail = f"{tinted:.0f} of {plain:.0f} frames/s, {wrong_pixels()} pixels of the masks wrong"
    yield verdict("tint, share of the pass-through's rate", share, 0.72, at_least=True, detail=detail)
    worker.start()  # as the server does
    for name in ("color_pop_red", "blur_my_background"):
        work = partial(process, load_recipe(name)), partial(process_apart, load_recipe(name))
        here, apart, share = interleaved(*(partial(rate, one) for one in work))
        detail = f"{apart:.0f} of {here:.0f} frames/s"
        yield verdict(f"{name} in a worker, share of the rate in process", share, 0.97, at_least=True, detail=detail)
    refined = load_recipe("blur_my_background")
    ratio, detail = cpu_share(refined.model_copy(update={"refinement": Refinement()}))
    yield verdict("selfie and blur, CPU against pass-through + network", ratio, 1.45, at_least=False, detail=detail)
    ratio, detail = cpu_share(refined)
    yield f"the same, refined as the ready recipe is: {ratio:.2f} · {detail}"


def cpu_share(recipe: Recipe) -> tuple[float, str]:
    """Return the CPU seconds of a network's recipe against the pass-through and the network: the median of three."""
    runs = []
    for _ in range(3):
        plain = cpu_s(pass_through)
        with network_cpu_s() as own:
            used = cpu_s(partial(process, recipe))
        runs.append((used / (plain + sum(own)), used, plain, sum(own)))
    ratio, used, plain, own_s = sorted(runs)[1]
    return ratio, f"{used:.1f} CPU seconds against {plain:.1f} + {own_s:.1f}"
