"""Separating objects that touch: a watershed on the distance to the edge.

Every point that is farther from the edge than its surroundings starts a part; the parts grow downhill until they meet,
which is at the necks. Two parts are joined again unless the neck is narrower than the parts.

Sources: L. Vincent and P. Soille, "Watersheds in digital spaces", IEEE PAMI 13(6), 1991; F. Meyer, "Color image
segmentation", IEE Image Processing and its Applications, 1992, whose flooding OpenCV has; M. Grimaud, "A new measure of
contrast: the dynamics", SPIE 1769, 1992, for joining what only noise has separated.
"""

from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from segcore.segmentation import InstanceMap, Plane, u8

_Parts: TypeAlias = npt.NDArray[np.uint16]
"""(h, w) uint16, 0 = none. There are fewer than 2**16 of them on all that is smaller than 510 x 510 cells."""
_AROUND = 3  # cells added on every side: parts may grow into them, and cv2.watershed leaves the outermost out
_SQUARE = np.ones((3, 3), np.uint8)
_NOISE = 2  # half cells: a part that stands out by less than this is none


def separate_touching(coverage: Plane, neck: float) -> InstanceMap:
    """Separate a mask into objects.

    Parameters
    ----------
    coverage
        (h, w) uint8, at most 500 a side: how much of each cell, a pixel or a block of them, the mask covers, 0 to 255.
    neck
        0 to 1. Objects touch where the mask is narrower than this share of the narrower object; at 0 nothing that is
        connected is separated.

    Returns
    -------
    InstanceMap
        (h, w) int32, from 1 on. Every cell of the mask has a number, and so have those just around it.
    """
    padded = u8(cv2.copyMakeBorder(coverage, *(_AROUND,) * 4, cv2.BORDER_CONSTANT, value=0.0))
    depth = _depth(padded)
    parts, peaks = _flood(depth)
    joined = _join(parts, peaks, depth, neck).take(parts)
    return np.ascontiguousarray(joined[_AROUND:-_AROUND, _AROUND:-_AROUND])


def _depth(coverage: Plane) -> Plane:
    """Return the distance to the edge in half cells, (h, w) uint8; 1 in a cell that is covered in part."""
    whole = cv2.compare(coverage, 255, cv2.CMP_EQ)  # type: ignore[call-overload]
    distance = cv2.distanceTransform(whole, cv2.DIST_L2, cv2.DIST_MASK_5)
    return u8(cv2.max(cv2.convertScaleAbs(distance, alpha=2), np.minimum(coverage, 1)))


def _flood(depth: Plane) -> tuple[_Parts, npt.NDArray[np.uint8]]:
    """Return the parts, (h, w) from 1 on, which reach just around the mask; and how deep each is, from 0 on."""
    inside = np.minimum(depth, 1)
    summits = cv2.compare(depth, cv2.dilate(depth, _SQUARE), cv2.CMP_EQ)
    outside, seeds = cv2.connectedComponents(cv2.copyTo(inside, summits), connectivity=8)
    peaks = np.zeros(outside, np.uint8)
    peaks[seeds] = depth
    peaks[0] = 0

    # scikit-image's watershed needs no such relief, but with it separating takes 2.3 times as long (median of 66 masks;
    # as many objects on 63): tests/bench/libraries.py.
    seeds[depth == 0] = outside
    flooded = cv2.watershed(_relief(depth), seeds)
    flooded[(flooded == outside) | (flooded < 0)] = 0
    parts = flooded.astype(np.uint16)
    while np.any(left := (parts == 0) & (depth > 0)):  # the lines around the parts, and what meets at corners only
        np.copyto(parts, cv2.dilate(parts, _SQUARE), where=left)
    around = cv2.dilate(parts, _SQUARE, iterations=_AROUND - 1)
    return np.where(parts, parts, around).astype(np.uint16), peaks


def _relief(depth: Plane) -> npt.NDArray[np.uint8]:
    """Return an image, (h, w, 3) uint8, that `cv2.watershed` floods from the deepest cell up.

    It goes by how much two neighbours differ in any channel. On a chessboard of heights and zeros, with its negative in
    the next channel, that is the height of the higher one.
    """
    height = cv2.bitwise_not(depth)
    white, black = (cv2.bitwise_and(height, squares) for squares in _chessboard(*depth.shape))
    return u8(cv2.merge([white, black, black]))


@lru_cache(maxsize=4)
def _chessboard(height: int, width: int) -> tuple[Plane, Plane]:
    rows, columns = np.indices((height, width), sparse=True)
    white = np.where((rows + columns) % 2, np.uint8(255), np.uint8(0))
    return white, ~white


def _join(parts: _Parts, peaks: npt.NDArray[np.uint8], depth: Plane, neck: float) -> npt.NDArray[np.int32]:
    """Return the number of each part after those with no neck between them are joined, (N,) int32."""
    root = list(range(len(peaks)))
    peak: list[int] = peaks.tolist()

    def find(part: int) -> int:
        while root[part] != part:
            root[part] = part = root[root[part]]
        return part

    for one, other, passage in _passages(parts, depth):
        higher, lower = sorted((find(one), find(other)), key=peak.__getitem__, reverse=True)
        if higher != lower and (passage >= neck * peak[lower] or peak[lower] - passage < _NOISE):
            root[lower] = higher
    return np.array([find(part) for part in root], np.int32)


def _passages(parts: _Parts, depth: Plane) -> list[tuple[int, int, int]]:
    """Return which parts adjoin and how deep the mask is where they do, the deepest first."""
    cells, depths, width = parts.reshape(-1), depth.reshape(-1), parts.shape[1]
    found = []
    for step in (1, width - 1, width, width + 1):  # to the right and down; the empty border keeps rows apart
        here, there, passage = cells[:-step], cells[step:], np.minimum(depths[:-step], depths[step:])
        at = np.flatnonzero((here != there) & (passage > 0))
        found.append(np.stack([here[at], there[at], passage[at]]).astype(np.int64))
    one, other, passages = np.concatenate(found, axis=1)
    pairs, which = np.unique(np.minimum(one, other) << 32 | np.maximum(one, other), return_inverse=True)
    deepest = np.zeros(len(pairs), np.int64)
    np.maximum.at(deepest, which, passages)
    order = np.argsort(-deepest, kind="stable")
    rows = np.stack([pairs >> 32, pairs & 0xFFFFFFFF, deepest], axis=1)[order]
    return [(first, second, passage) for first, second, passage in rows.tolist()]
