"""Our own code beside a library that does the same: the library's time over ours, and whether the results agree.

Where a target is missed the library is as fast by now, and ours may go. The libraries are no dependencies of Segdeck:
``.venv/bin/python -m pip install scikit-image norfair-enough`` brings them. The second is norfair, maintained: norfair
itself wants a numpy below 2. ByteTrack and OC-SORT are not here, for they go by boxes that overlap from frame to frame,
which those of small, fast objects do not, and their package brings a second OpenCV.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from segcore.methods.objects import ObjectsOptions
from segcore.methods.threshold import ThresholdOptions, otsu_cuts
from segcore.objects import watershed
from segcore.objects.regions import find_regions
from segcore.objects.tracker import Tracker
from segcore.picture.frame import Frame
from segcore.picture.scaling import fit_within
from segcore.refinement import Refinement
from segcore.refinement.stage import carry_numbers
from segcore.segmentation import Image, InstanceMap, LabelMap, Plane
from tests.astronaut import read_astronaut
from tests.bench.common import verdict

_ROOT = Path(__file__).resolve().parents[2]
_SHARED = _ROOT.parent / "shared" / "data"
_ROUNDS = 3
_NECK = 0.7
_SIDE_PX = 500
_FASTER = 1.2
_KEPT = 20  # frames for which a tracker remembers what it does not see, as ours does

Sighting: TypeAlias = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""The true number of each object, (N,); its centre, (N, 2), and its area, (N,), in heights of the frame."""


@cache
def images() -> tuple[Image, ...]:
    """Return photos of people and things: those that are bundled, and those of ../shared where it is."""
    paths = [*_ROOT.glob("models/*/example.jpg"), *_SHARED.glob("people/images/*"), *_SHARED.glob("judo/*/*.jpg")]
    paths += [*_SHARED.glob("clips/*/images/00000.jpg"), *_SHARED.glob("bird/bird_segmentation.bmp")]
    return (read_astronaut(), *(cv2.imread(str(path)) for path in sorted(paths)))


def compared(ours: Callable[[Any], object], theirs: Callable[[Any], object], inputs: Iterable[Any]) -> list[float]:
    """Return the library's time over ours for each input, the median of some rounds in turn."""
    ratios = []
    for one in inputs:
        rounds = []
        for _ in range(_ROUNDS):
            start = time.perf_counter()
            ours(one)
            between = time.perf_counter()
            theirs(one)
            rounds.append((time.perf_counter() - between) / (between - start))
        ratios.append(statistics.median(rounds))
    return ratios


def told(what: str, ratios: Sequence[float], agreement: str) -> str:
    detail = f"{min(ratios):.2f} to {max(ratios):.2f} on {len(ratios)} inputs; {agreement}"
    return verdict(f"{what}, its time over ours", statistics.median(ratios), _FASTER, at_least=True, detail=detail)


def separating() -> Iterator[str]:
    """scikit-image's watershed: in place of our flood, and with h-maxima as its handbook separates touching things."""
    from skimage.measure import label
    from skimage.morphology import h_maxima
    from skimage.segmentation import watershed as flood

    square = np.ones((3, 3), np.uint8)

    def flooded(depth: Plane) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint8]]:
        inside = np.minimum(depth, 1)
        summits = cv2.compare(depth, cv2.dilate(depth, square), cv2.CMP_EQ)
        count, seeds = cv2.connectedComponents(cv2.copyTo(inside, summits), connectivity=8)
        peaks = np.zeros(count, np.uint8)
        peaks[seeds] = depth
        peaks[0] = 0
        around = cv2.dilate(inside, square, iterations=3)
        return flood(255 - depth, seeds, connectivity=2, mask=around > 0).astype(np.uint16), peaks

    def with_their_flood(mask: Plane) -> InstanceMap:
        with patch.object(watershed, "_flood", flooded):
            return watershed.separate_touching(mask, _NECK)

    def by_h_maxima(mask: Plane) -> InstanceMap:
        depth = distance_transform_edt(mask)
        return flood(-depth, label(h_maxima(depth, 1)), mask=mask > 0)

    def ours(mask: Plane) -> InstanceMap:
        return watershed.separate_touching(mask, _NECK)

    threshold = ThresholdOptions().build()
    label_maps = [threshold.segment(Frame.of_image(image)).label_map for image in images()]
    masks = [fit_within(one * np.uint8(255), _SIDE_PX, _SIDE_PX) for one in label_maps]
    masks = [cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY)[1] for mask in masks]
    for what, theirs in (("scikit-image's watershed", with_their_flood), ("with h-maxima", by_h_maxima)):
        some = masks if theirs is with_their_flood else masks[::3]
        counts = [[len(np.unique(way(mask)[mask > 0])) for way in (ours, theirs)] for mask in some]
        off = statistics.median(abs(b - a) / max(a, 1) for a, b in counts)
        agreement = f"as many objects on {sum(a == b for a, b in counts)}, off by {100 * off:.0f} % (median)"
        yield told(what, compared(ours, theirs, some), agreement)


def levels() -> Iterator[str]:
    """scikit-image's multi-Otsu, which tries every set of cuts."""
    from skimage.filters import threshold_multiotsu

    greys = [cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in images()]
    histograms = [cv2.calcHist([grey], [0], None, [256], [0, 256])[:, 0].astype(np.float64) for grey in greys]
    for count in (3, 4, 5):
        some = histograms if count < 5 else histograms[:1]  # it takes seconds

        def theirs(histogram: npt.NDArray[np.float64], count: int = count) -> list[int]:
            return [int(cut) for cut in threshold_multiotsu(classes=count, hist=(histogram, np.arange(256)))]

        def ours(histogram: npt.NDArray[np.float64], count: int = count) -> list[int]:
            return otsu_cuts(histogram, count)

        same = sum(ours(histogram) == theirs(histogram) for histogram in some)
        yield told(f"scikit-image's multi-Otsu, {count} levels", compared(ours, theirs, some), f"same cuts on {same}")


def nearest_objects() -> Iterator[str]:
    """scipy's exact distance transform, to bring numbers to what refinement adds."""
    options = Refinement(close_percent=1, fill_holes=True, edge_percent=1)
    cases: list[tuple[InstanceMap, LabelMap, LabelMap]] = []
    for image in images():
        frame = Frame.of_image(image)
        found = ObjectsOptions().build().segment(frame)
        refined = options.build().refine(found, frame)
        if found.instances is not None:
            cases.append((found.instances, found.label_map, refined.label_map))

    def theirs(case: tuple[InstanceMap, LabelMap, LabelMap]) -> InstanceMap:
        instances, before, label_map = case
        kept = (label_map == before) & (instances > 0)
        carried = np.where(kept, instances, np.int32(0))
        won = ((label_map > 0) & (label_map != before)).nonzero()
        nearest = tuple(distance_transform_edt(~kept, return_distances=False, return_indices=True)[:, *won])
        carried[won] = np.where(label_map[nearest] == label_map[won], carried[nearest], 0)
        return carried

    def ours(case: tuple[InstanceMap, LabelMap, LabelMap]) -> InstanceMap:
        return carry_numbers(*case)

    off = [np.count_nonzero(ours(case) != theirs(case)) / np.count_nonzero(case[2] != case[1]) for case in cases]
    agreement = f"another number on {100 * statistics.median(off):.1f} % of the pixels that changed (median)"
    yield told("scipy's distance transform with indices", compared(ours, theirs, cases), agreement)


class Norfair:
    """norfair's tracker, with our measure of unlikeness: a point is x, y and the logarithm of the area."""

    def __init__(self) -> None:
        import norfair

        def unlike(seen: npt.NDArray[np.float64], known: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            apart = seen.reshape(len(seen), 1, 3) - known.reshape(1, len(known), 3)
            far = np.hypot(apart[..., 0], apart[..., 1]) / np.exp(known.reshape(1, len(known), 3)[..., 2] / 2)
            return far + 0.5 * np.abs(apart[..., 2])

        self._detection = norfair.Detection
        self._tracker = norfair.Tracker("euclidean", 2, hit_counter_max=_KEPT, initialization_delay=0)
        self._tracker.distance_function = norfair.distances.VectorizedDistance(unlike)
        self._frame = 0

    def track(self, labels: npt.NDArray[Any], centers: npt.NDArray[Any], areas: npt.NDArray[Any]) -> npt.NDArray[Any]:
        self._frame += 1
        points = np.column_stack([centers, np.log(areas)])
        rows = enumerate(zip(points, labels.tolist(), strict=True))
        self._tracker.update([self._detection(at[None], data=(self._frame, row), label=one) for row, (at, one) in rows])
        numbers = np.zeros(len(labels), np.int32)
        for track in self._tracker.tracked_objects:
            frame, row = track.last_detection.data
            if frame == self._frame:
                numbers[row] = track.id
        return numbers


def paths() -> list[list[Sighting]]:
    """Return five real objects' ways through their clips, all in one scene, each frame of which lists them anew.

    With every frame, every other and every third; as large as they are and a third as wide; alone and with their
    mirror images.
    """
    ways = []
    for clip in sorted(_SHARED.glob("clips/*/masks")):
        masks = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(clip.glob("*.png"))]
        regions = [(find_regions((mask > 127).astype(np.int32)), len(mask)) for mask in masks]
        ways.append([(one.center_px[0] / height, one.area_px[0] / height**2) for one, height in regions])
    scenes = []
    for step, size, mirrored in ((s, z, m) for s in (1, 2, 3) for z in (1, 0.1) for m in (False, True)):
        scene = []
        for number in range(0, min(map(len, ways), default=0), step):
            seen = [way[number] for way in ways]
            seen += [((16 / 9, 1) - center, area) for center, area in seen] if mirrored else []
            order = np.random.default_rng(number).permutation(len(seen))
            centers, areas = (np.array(column)[order] for column in zip(*seen, strict=True))
            scene.append((order, centers, areas * size))
        scenes.append(scene)
    return scenes


def switches(scene: list[Sighting], tracker: Any) -> int:
    """Count how often an object gets another number than it had."""
    had: dict[int, int] = {}
    count = 0
    for truth, centers, areas in scene:
        numbers = tracker.track(np.ones(len(truth), np.int64), centers, areas)
        for one, number in zip(truth.tolist(), numbers.tolist(), strict=True):
            count += had.setdefault(one, number) != number
            had[one] = number
    return count


def tracking() -> Iterator[str]:
    scenes = paths()
    lost = [sum(switches(scene, kind()) for scene in scenes) for kind in (Tracker, Norfair)]
    agreement = f"numbers changed on {len(scenes)} real scenes: ours {lost[0]} times, theirs {lost[1]}"
    for count in (5, 40, 200):
        ours, theirs = (drifting(kind(), count) for kind in (Tracker, Norfair))
        yield told(f"norfair, {count} objects", compared(ours, theirs, range(15)), agreement)


def drifting(tracker: Any, count: int) -> Callable[[int], object]:
    """Return what tracks so many objects that drift, in the frame of a number."""
    start = np.random.default_rng(0).random((count, 2))
    labels, areas = np.ones(count, np.int64), np.full(count, 0.0004)
    return lambda number: tracker.track(labels, start + 0.002 * number, areas)


PACKAGES = {"skimage": (separating, levels), "scipy": (nearest_objects,), "norfair": (tracking,)}


def run() -> Iterator[str]:
    for package, benches in PACKAGES.items():
        for bench in benches:
            if find_spec(package):
                yield from bench()
            else:
                yield f"{bench.__name__}: left out, for {package} is not installed; tests/bench/libraries.py says how"
