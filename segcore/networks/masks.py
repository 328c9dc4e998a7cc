"""Reads masks from a network's output, which has its own size and numbers: label map and confidence of an image."""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from segcore.networks.runtimes import Layout, Tensor
from segcore.segmentation import LabelMap, Plane, empty_confidence, u8

Planes: TypeAlias = npt.NDArray[np.uint8]
"""(C, H, W) uint8, 0 to 255: one label's confidence a plane."""

_SURE = 0.1  # a probability this near 0 or 1 is taken as sure: no trace of the background shines through
_STEEPNESS = 255 / (1 - 2 * _SURE)
_HALF = 127  # more than this is more likely than not


def channels_first(answer: Tensor, size: tuple[int, int], layout: Layout) -> Tensor:
    """Bring a network's output to (C, h, w).

    Parameters
    ----------
    answer
        One image's, with any number of leading ones in its shape.
    size
        Height and width of what the network was fed. The two axes of the output in the same proportion are its
        height and width: some networks take channels last and answer with channels first.
    layout
        What decides where both orders fit.

    Returns
    -------
    ndarray
        (C, h, w); with other axes where it is no image.
    """
    while answer.ndim > 3 and answer.shape[0] == 1:
        answer = answer[0]
    if answer.ndim == 2:
        answer = answer[None]
    if answer.ndim != 3:
        return answer
    first = in_proportion(answer.shape[1:], size)
    last = in_proportion(answer.shape[:2], size)
    if last and (not first or layout == "nhwc"):
        return np.ascontiguousarray(answer.transpose(2, 0, 1))
    return answer


def in_proportion(shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    """Tell whether a shape is a size made smaller or larger, within the rounding of a pixel."""
    (height, width), (full_height, full_width) = shape, size
    return abs(height * full_width - width * full_height) <= max(full_height, full_width)


def read_labels(answer: Tensor, wanted: Sequence[int], height: int, width: int) -> LabelMap:
    """Read the output of a network that tells the number of the label, not how sure it is.

    Parameters
    ----------
    answer
        (1, h, w) float32: 0 is background, n the network's n-th label.
    wanted
        The labels to keep, counted from 1, ascending; they are numbered anew.
    height, width
        Of the result.

    Returns
    -------
    LabelMap
        (height, width) uint8, at most ``len(wanted)``.
    """
    values = answer[0].clip(0, 255).astype(np.uint8)
    numbers = np.zeros(256, np.uint8)
    numbers[list(wanted)] = np.arange(1, len(wanted) + 1)
    return u8(cv2.resize(cv2.LUT(values, numbers), (width, height), interpolation=cv2.INTER_NEAREST))


def read_probability(
    probability: Tensor,
    wanted: Sequence[int],
    height: int,
    width: int,
    *,
    background: bool,
    floor: float = 0,
) -> tuple[LabelMap, Planes | None]:
    """Read the output of a network that tells how sure it is of each label.

    A label that is nowhere likely costs nothing: only the others are brought to the image's size. Where a label that
    is not wanted is surest, there is background.

    Parameters
    ----------
    probability
        (C, h, w) float32, 0 to 1.
    wanted
        The labels to keep, counted from 1, ascending; they are numbered anew.
    height, width
        Of the result.
    background
        Whether channel 0 is background. If not, background is where no label is above one half.
    floor
        Where a label is less sure than this, 0 to 1, it is not seen at all.

    Returns
    -------
    tuple
        The label map, and (N, height, width) uint8, the confidence of each of the N wanted labels, or None if that
        were too much for memory. The label of the highest confidence; the first where two are equal.
    """
    small = _stretch(probability)
    kept = [number if background else number - 1 for number in wanted]
    others = [plane for channel, plane in enumerate(small) if plane is not None and channel not in kept]
    floor_level = _level(floor)
    planes = empty_confidence(len(kept), sum(small[channel] is not None for channel in kept), height, width)
    if len(small) == 1 and small[0] is not None and planes is not None:
        _over(floor_level, _enlarge(small[0], planes[0]))
        return u8(cv2.threshold(planes[0], _HALF, 1, cv2.THRESH_BINARY)[1]), planes
    label_map = np.zeros((height, width), np.uint8)
    best = np.full((height, width), 0 if background else _HALF, np.uint8)
    if others:
        cv2.max(best, _enlarge(np.max(others, axis=0), np.empty_like(best)), best)
    higher = np.empty_like(best)
    for value, channel in enumerate(kept, start=1):
        plane = small[channel]
        if plane is None:
            continue
        target = np.empty_like(best) if planes is None else planes[value - 1]
        _over(floor_level, _enlarge(plane, target))
        cv2.compare(target, best, cv2.CMP_GT, higher)
        cv2.threshold(higher, 0, value, cv2.THRESH_BINARY, higher)
        cv2.max(label_map, higher, label_map)  # values ascend, so the larger is the later winner
        cv2.max(best, target, best)
    return label_map, planes


def to_probability(logits: Tensor) -> Tensor:
    """Turn logits, (C, h, w), into probabilities: softmax over channels, logistic where there is only one."""
    if logits.shape[0] == 1:
        with np.errstate(over="ignore"):
            return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
    powers = np.exp(logits - logits.max(axis=0))
    return np.asarray(powers / powers.sum(axis=0), np.float32)


def _stretch(probability: Tensor) -> list[Plane | None]:
    """Return each channel as 0 to 255 with the nearly sure made sure; None for one that is 0 everywhere."""
    highest = probability.reshape(len(probability), -1).max(axis=1)
    return [
        # It rounds and keeps within 0 to 255 in one step.
        u8(cv2.addWeighted(channel, _STEEPNESS, channel, 0, -_SURE * _STEEPNESS, dtype=cv2.CV_8U))
        if (high - _SURE) * _STEEPNESS >= 0.5
        else None
        for channel, high in zip(probability, highest, strict=True)
    ]


def _level(probability: float) -> int:
    """Return what a probability is stretched to; below 0 for one that is surely not."""
    return round((probability - _SURE) * _STEEPNESS)


def _over(level: int, plane: Plane) -> None:
    """Blacken, in place, what is below a level."""
    if level > 0:
        cv2.threshold(plane, level - 1, 0, cv2.THRESH_TOZERO, plane)


def _enlarge(plane: Plane, target: Plane) -> Plane:
    return u8(cv2.resize(plane, target.shape[::-1], target, interpolation=cv2.INTER_LINEAR))
