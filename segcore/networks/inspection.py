"""Finds out by trial runs which input a network takes and what kind of numbers it answers with."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from segcore.networks.answers import AnswerKind
from segcore.networks.formats import Input
from segcore.networks.masks import channels_first
from segcore.networks.runtimes import Layout, Tensor, forward_image, load

_USUAL_SIZES = ((256, 256), (512, 512), (224, 224), (320, 320), (513, 513), (257, 257), (384, 384), (416, 416))


def inputs_to_try(stated: Input | None, *, any_layout: bool) -> list[Input]:
    """Return the inputs to try: what the file states, or the usual sizes where it leaves that open.

    Parameters
    ----------
    stated
        What the file states, with 0 for a length that it leaves open; None where it states nothing.
    any_layout
        Whether both orders of axes are tried where it states nothing.
    """
    if stated and stated[1] and stated[2]:
        return [stated]
    layouts: list[Layout] = [stated[0]] if stated else ["nchw", "nhwc"] if any_layout else ["nchw"]
    return [(layout, height, width) for layout in layouts for height, width in _USUAL_SIZES]


def first_that_runs(files: Sequence[Path], inputs: Sequence[Input]) -> tuple[Input, list[Tensor]]:
    """Run a network in OpenCV with one input after the other until it takes one.

    Parameters
    ----------
    files
        As `segcore.networks.formats.sort_files` orders them.
    inputs
        At least one.

    Returns
    -------
    tuple
        The first input that it takes, and its answers, (C, h, w), to noise in three usual scales.

    Raises
    ------
    cv2.error
        If it takes none: what OpenCV said of the last.
    """
    for number, (layout, height, width) in enumerate(inputs, start=1):
        noise = np.random.default_rng(0).random((1, 3, height, width), np.float32)
        try:
            runtime = load(files, layout, "opencv")
            outputs = [forward_image(runtime, image) for image in (noise, noise * 2 - 1, noise * 255)]
        except cv2.error:
            if number == len(inputs):
                raise
        else:
            first = [next(iter(one.values())) for one in outputs]
            return (layout, height, width), [channels_first(one, (height, width), layout) for one in first]
    raise AssertionError("there is always an input to try")


def answer_kind(answers: Sequence[Tensor]) -> AnswerKind:
    """Tell what the numbers of a network are, from its answers, (C, h, w), to noise in usual scales."""
    low, high = min(one.min() for one in answers), max(one.max() for one in answers)
    if len(answers[0]) == 1 and low >= 0 and high <= 255 and all((one == np.rint(one)).all() for one in answers):
        return "argmax"
    return "probability" if low >= -0.001 and high <= 1.001 else "logits"
