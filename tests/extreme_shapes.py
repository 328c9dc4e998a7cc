"""Works on pictures of extreme shapes, in a process of its own, and prints what each took as a line of JSON."""

import gc
import json
import sys
import time

import cv2
import numpy as np

from segcore.networks.catalogue import cards
from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import BT709
from segcore.pipeline import build_pipeline
from segcore.processes.set_up import set_up_process
from segcore.recipe import Recipe, ready_recipes
from tests.memory_watch import MemoryWatch

Case = tuple[str, str, int, int]
"""The recipe's name, the picture's kind, its height and width."""

NETWORK = {"segmenter": {"method": "network", "model": "selfie"}}
HALF = {"segmenter": {"method": "threshold", "kind": "fixed"}}
LEVELS = {"segmenter": {"method": "threshold", "levels": 5}}
GRABBED = {"method": "grab", "box": [0, 0, 0.5, 0.5]}
RANGES = [{"name": str(number), "low": [number * 9, 0, 0], "high": [number * 9 + 8, 255, 255]} for number in range(20)]
SPECKS = {"show": "regions", "gap_percent": 0, "smallest_percent": 0, "smoothing_percent": 0}
WORK = {
    **{
        f"method {one['method']} {json.dumps(list(one.values())[1:])[:40]}": {"segmenter": one}
        for one in (
            {"method": "threshold", "kind": "adaptive_gaussian", "block_percent": 20},
            {"method": "edges", "smoothing_percent": 1},
            {"method": "edges", "show": "regions", "gap_percent": 2},
            {"method": "edges"} | SPECKS,
            {"method": "clusters"},
            {"method": "clusters", "kind": "mean_shift"},
            {"method": "motion"},
            {"method": "motion", "kind": "knn"},
            GRABBED,
            {"method": "color_range", "ranges": RANGES},
            {"method": "network", "model": "selfie"},
            {"method": "objects", "smallest_percent": 0.01},
            {"method": "objects", "smallest_percent": 0.01, "source": {"method": "color_range", "ranges": RANGES}},
        )
    },
    **{
        f"refinement {kind}": base | {"refinement": one}
        for kind, base, one in (
            ("open and close", HALF, {"open_percent": 3, "close_percent": 3}),
            ("fill", HALF, {"fill_holes": True}),
            ("small parts", HALF, {"smallest_percent": 0.1}),
            ("steadiness", LEVELS, {"smoothing": 0.8}),
            ("small edges", LEVELS, {"edge_percent": 0.1}),
            ("large edges", NETWORK, {"edge_percent": 2, "feather_percent": 3}),
            ("all", LEVELS, {"smoothing": 0.8, "edge_percent": 1, "open_percent": 3, "fill_holes": True}),
            ("numbers", {"segmenter": {"method": "objects"}}, {"close_percent": 3, "smallest_percent": 0.1}),
            ("twenty labels", {"segmenter": {"method": "color_range", "ranges": RANGES}}, {"smoothing": 0.5}),
        )
    },
    **{
        f"overlay {' '.join(map(str, one.values()))}": NETWORK | {"overlay": one}  # type: ignore[attr-defined]
        for one in (
            *({"kind": kind} for kind in ("replace", "cut_out", "color_pop", "tint", "outline", "mask")),
            {"kind": "side_by_side"},
            {"kind": "objects"},
            {"kind": "blur", "strength_percent": 1},
            {"kind": "blur", "strength_percent": 10},
        )
    },
}
EXTREME = [(16, 16), (17, 19), (16, 800), (800, 16), (656, 32768), (32768, 656)]
LARGEST = [(4242, 5656), (707, 35355), (35355, 707)]
FROM_PYTHON = [(16, 200_000), (200_000, 16)]


def recipes() -> dict[str, Recipe]:
    """Every ready recipe, and work at the ends of what each option takes; and each network that is installed."""
    networks = {
        f"network {name}": {"segmenter": {"method": "network", "model": name}}
        for name, c in cards().items()
        if c.installed
    }
    tables = {name: {"title": "x", "overlay": {"kind": "tint"}} | table for name, table in (WORK | networks).items()}
    return ready_recipes() | {name: Recipe.model_validate(table) for name, table in tables.items()}


def picture(kind: str, height: int, width: int) -> Canvas:
    """Noise, a chessboard of single pixels, or dots that touch nothing; as BGR, or noise as a frame's own planes."""
    image = np.zeros((height, width, 3), np.uint8)
    if kind == "chessboard":
        image[::2, ::2] = image[1::2, 1::2] = 255
    elif kind == "dots":
        image[::3, ::3] = 255
    else:
        cv2.setRNGSeed(0)
        cv2.randu(image, 0, 256)
    return Canvas.converted_from(image, BT709) if kind == "planes" else Canvas.sharing_image(image)


def main() -> None:
    set_up_process()
    every = recipes()
    for name, kind, height, width in json.load(sys.stdin):
        recipe = every[name]
        build_pipeline(recipe)(np.zeros((64, 64, 3), np.uint8))  # a network is loaded once for all
        with MemoryWatch() as memory:
            start = time.process_time()
            canvas = picture(kind, height, width)
            result = build_pipeline(recipe).on_canvas(canvas)
            seconds = time.process_time() - start
        assert result.segmentation.label_map.shape == canvas.size
        del canvas, result
        gc.collect()
        print(json.dumps([name, kind, height, width, round(memory.added_mb), round(seconds, 1)]), flush=True)


if __name__ == "__main__":
    main()
