"""Refining as the ready recipes do at 1280x720: its time, and what it does to cuts and to flicker."""

import statistics
import time
from collections.abc import Iterator

import cv2
import numpy as np

from segcore.evaluation.flicker import Flicker
from segcore.methods.network import NetworkOptions
from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import BT601
from segcore.picture.frame import Frame
from segcore.recipe import load_recipe
from tests.astronaut import read_astronaut
from tests.bench.common import picture, verdict
from tests.streams import Stream

_FRAMES = 90
_NOISE_LEVELS = 6


def run() -> Iterator[str]:
    refinement, segmenter = load_recipe("blur_my_background").refinement, Stream(NetworkOptions(model="selfie"))

    frames = [Canvas.converted_from(picture(number), BT601) for number in range(8)]
    found = [segmenter.segment(canvas.bgr()) for canvas in frames]
    refiner, times, luma = refinement.build(), [], []
    for number in range(12 * len(frames)):
        canvas, segmentation = frames[number % len(frames)], found[number % len(frames)]
        start = time.perf_counter()
        refiner.refine(segmentation, Frame(canvas))
        refined = time.perf_counter()
        cv2.GaussianBlur(canvas.luma(), (9, 9), 0)
        times.append((refined - start) * 1000)
        luma.append((time.perf_counter() - refined) * 1000)
    detail = f"fastest {min(times):.1f} ms; one Gaussian blur of the luma beside it {statistics.median(luma):.1f} ms"
    yield verdict("refinement, ms a frame", statistics.median(times), 3, at_least=False, detail=detail)

    raw, steady, refiner = Flicker(), Flicker(), refinement.build()
    sitter = read_astronaut()
    for seed in range(_FRAMES):
        grain = np.random.default_rng(seed).normal(0, _NOISE_LEVELS, sitter.shape)
        image = (sitter + grain).clip(0, 255).astype(np.uint8)
        segmentation = segmenter.segment(image)
        raw.add(image, segmentation.label_map)
        steady.add(image, refiner.refine(segmentation, Frame.of_image(image)).label_map)
    detail = f"{steady.value():.5f} against {raw.value():.5f}, {_FRAMES} noisy frames of a still sitter"
    yield verdict("flicker against the network alone", steady.value() / raw.value(), 0.5, at_least=False, detail=detail)
