"""No shape and no content of a picture takes more memory or time than its pixels explain."""

import json
import subprocess
import sys
from collections.abc import Iterable
from itertools import product

import cv2
import numpy as np
import pytest

from segcore.picture import scaling
from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import BT709
from segcore.pipeline import build_pipeline
from segcore.recipe import Recipe
from tests.conftest import ROOT, noise
from tests.extreme_shapes import FROM_PYTHON, LARGEST, RANGES, WORK, Case, recipes

MOST_MB, MOST_CPU_S = 500, 30
SMALL = [("noise", 17, 19), ("planes", 800, 16), *(("noise", *size) for size in FROM_PYTHON)]
HUNGRY = ("adaptive_gaussian", "regions", "objects", "small parts", "steadiness", "numbers", "twenty", "blur 1")


def worst(cases: Iterable[Case]) -> tuple[float, float]:
    """Work on pictures in one process; return the most memory and processor time that one of them took."""
    command = [sys.executable, "-m", "tests.extreme_shapes"]
    done = subprocess.run(command, input=json.dumps(list(cases)), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    took = [json.loads(line) for line in done.stdout.splitlines()]
    over = [one for one in took if one[-2] > MOST_MB or one[-1] > MOST_CPU_S]
    assert not over, over
    return max(one[-2] for one in took), max(one[-1] for one in took)


@pytest.mark.usefixtures("weights")
def test_everything_works_on_extreme_shapes():
    memory_mb, _ = worst((name, *shape) for name, shape in product(recipes(), SMALL))
    assert memory_mb < 300, "the largest of them has an eighth of a photo's pixels"


@pytest.mark.usefixtures("weights")
def test_the_hungriest_work_on_the_largest_photo():
    """`make bench` has all of them, in every shape."""
    hungry = [name for name in WORK if any(part in name for part in HUNGRY)]
    worst((name, kind, *LARGEST[0]) for name, kind in product(hungry, ("noise", "dots")))
    worst((name, "noise", *LARGEST[2]) for name in hungry)


IN_BANDS = [
    ("method", {"method": "color_range", "ranges": RANGES}, {"kind": "objects"}),
    ("objects", {"method": "objects", "smallest_percent": 0.01}, {"kind": "objects"}),
    ("labels", {"method": "objects", "source": {"method": "color_range", "ranges": RANGES}}, {"kind": "outline"}),
    ("blur", {"method": "threshold"}, {"kind": "blur", "strength_percent": 3}),
    ("soft", {"method": "threshold"}, {"kind": "tint"}),
    ("gaps", {"method": "edges", "show": "regions", "gap_percent": 2, "smallest_percent": 0}, {"kind": "objects"}),
]


@pytest.mark.parametrize(("name", "segmenter", "overlay"), IN_BANDS)
@pytest.mark.parametrize("matrix", [None, BT709])
def test_bands_make_no_difference(name, segmenter, overlay, matrix, monkeypatch):
    """A result is the same whether it is made at once or in bands of a few rows."""
    refinement = {"feather_percent": 2, "close_percent": 2} if name in ("soft", "objects") else {}
    table = {"title": "x", "segmenter": segmenter, "refinement": refinement, "overlay": overlay}
    image = cv2.resize(noise(20, 30), (180, 120))
    canvas = Canvas.sharing_image(image) if matrix is None else Canvas.converted_from(image, matrix)
    at_once = build_pipeline(Recipe.model_validate(table)).on_canvas(canvas)
    monkeypatch.setattr(scaling, "_BAND_PIXELS", 1300)
    in_bands = build_pipeline(Recipe.model_validate(table)).on_canvas(canvas)
    assert np.array_equal(in_bands.segmentation.label_map, at_once.segmentation.label_map)
    assert (at_once.segmentation.instances is None) or np.array_equal(
        in_bands.segmentation.instances, at_once.segmentation.instances
    )
    assert np.abs(in_bands.canvas.buffer.astype(int) - at_once.canvas.buffer).max() <= (1 if name == "blur" else 0)
    assert in_bands.measures.coverage_percent == at_once.measures.coverage_percent
    for one, other in zip(in_bands.measures.objects, at_once.measures.objects, strict=True):
        assert (one.number, one.label, one.area_px, one.box_px) == (
            other.number,
            other.label,
            other.area_px,
            other.box_px,
        )
        assert one.center_px == pytest.approx(other.center_px)
