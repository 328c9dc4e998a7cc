"""The classical methods on a 1280x720 image, each against the plain OpenCV calls at full size beside it."""

import time
from collections.abc import Callable, Iterator
from itertools import cycle

import cv2
import numpy as np

from segcore.methods import MethodOptions
from segcore.methods.clusters import ClustersOptions
from segcore.methods.edges import EdgesOptions, find_thresholds
from segcore.methods.motion import MotionOptions
from segcore.methods.objects import ObjectsOptions
from segcore.methods.threshold import ThresholdOptions
from segcore.objects.measures import measure
from segcore.segmentation import Image
from tests.bench.common import HEIGHT, WIDTH, picture, verdict
from tests.bench.live import paired
from tests.streams import Stream


def against(what: str, options: MethodOptions, plain: Callable[[], object], image: Image, target: float) -> str:
    segmenter = Stream(options)
    ours, theirs, ratio = paired(lambda: segmenter.segment(image), plain)
    return verdict(what, ratio, target, at_least=False, detail=f"{ours:.2f} ms against {theirs:.2f} ms")


def grey(image: Image) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def threshold(image: Image) -> Iterator[str]:
    block = round(HEIGHT * 0.05) | 1
    for kind, plain in {
        "fixed": lambda: cv2.threshold(grey(image), 127, 255, cv2.THRESH_BINARY),
        "otsu": lambda: cv2.threshold(grey(image), 0, 255, cv2.THRESH_OTSU),
        "triangle": lambda: cv2.threshold(grey(image), 0, 255, cv2.THRESH_TRIANGLE),
        "adaptive_mean": lambda: cv2.adaptiveThreshold(
            grey(image), 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block, 5
        ),
        "adaptive_gaussian": lambda: cv2.adaptiveThreshold(
            grey(image), 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, block, 5
        ),
    }.items():
        yield against(f"threshold {kind}", ThresholdOptions(kind=kind, block_percent=5), plain, image, 1.3)


def threshold_in_levels(image: Image) -> Iterator[str]:
    """OpenCV finds two levels only, so the plain calls here are those that any way needs: count, and look up."""
    table = np.arange(256, dtype=np.uint8) // 52

    def plain() -> None:
        plane = grey(image)
        cv2.calcHist([plane], [0], None, [256], [0, 256])
        cv2.LUT(plane, table)

    for levels in (3, 5):
        yield against(f"threshold otsu, {levels} levels", ThresholdOptions(levels=levels), plain, image, 1.3)


def edges(image: Image) -> Iterator[str]:
    options = EdgesOptions()
    sigma = HEIGHT * options.smoothing_percent / 100
    smooth = cv2.GaussianBlur(grey(image), (0, 0), sigma)
    weak, strong = find_thresholds(*cv2.spatialGradient(smooth))

    def plain() -> None:
        cv2.Canny(cv2.GaussianBlur(grey(image), (0, 0), sigma), weak, strong)

    yield against("edges", options, plain, image, 1.3)
    yield against("edges, with regions", EdgesOptions(show="regions"), plain, image, 2.5)


def objects(_: Image) -> Iterator[str]:
    """Coins, half of them touching; measuring them is included, for that is what they are found for."""
    table = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    for number in range(40):
        place = np.array([80 + number % 10 * 125, 95 + number // 10 * 175])
        cv2.circle(table, place - [number % 2 * 20, 0], 52, (200, 210, 220), -1)
    source, counted = Stream(ThresholdOptions()), Stream(ObjectsOptions(source=ThresholdOptions()))
    ours, plain, _ = paired(lambda: measure(counted.segment(table)), lambda: measure(source.segment(table)))
    found = len(measure(counted.segment(table)).objects)
    detail = f"{ours:.2f} ms against {plain:.2f} ms of its method alone, {found} objects of 40"
    yield verdict("objects, ms on top of its method", ours - plain, 6, at_least=False, detail=detail)


def clusters(image: Image) -> Iterator[str]:
    """The target is in milliseconds; k-means of a whole image is a hundred times as far away."""
    pixels = cv2.cvtColor(image, cv2.COLOR_BGR2LAB).reshape(-1, 3).astype(np.float32)
    rounds = (cv2.TERM_CRITERIA_MAX_ITER, 10, 0)
    start = time.perf_counter()
    cv2.kmeans(pixels, 5, None, rounds, 1, cv2.KMEANS_PP_CENTERS)
    plain_ms = (time.perf_counter() - start) * 1000
    for count in (2, 5, 8):
        segmenter = Stream(ClustersOptions(clusters=count))
        ours, _, _ = paired(lambda s=segmenter: s.segment(image), lambda: None)
        detail = f"cv2.kmeans at full size, ten rounds for 5 clusters: {plain_ms:.0f} ms"
        yield verdict(f"k-means, {count} clusters, ms", ours, 8, at_least=False, detail=detail)


def motion(_: Image) -> Iterator[str]:
    frames = [picture(number) for number in range(20)]
    plain = {"mog2": cv2.createBackgroundSubtractorMOG2, "knn": cv2.createBackgroundSubtractorKNN}
    for kind, create in plain.items():
        segmenter, for_ours = Stream(MotionOptions(kind=kind)), cycle(frames)
        model, for_plain = create(), cycle(frames)
        ours, theirs, ratio = paired(
            lambda s=segmenter, coming=for_ours: s.segment(next(coming)),
            lambda m=model, coming=for_plain: m.apply(next(coming)),
        )
        detail = f"{ours:.1f} ms against {theirs:.1f} ms"
        yield verdict(f"motion {kind}", ratio, 0.6, at_least=False, detail=detail)


METHODS = (threshold, threshold_in_levels, edges, clusters, motion, objects)


def run() -> Iterator[str]:
    image = picture(0)
    for method in METHODS:
        yield from method(image)
