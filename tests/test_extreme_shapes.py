"""No shape and no content of a picture takes more memory or time than its pixels explain."""

import json
import subprocess
import sys
from collections.abc import Iterable
from itertools import product

import pytest

from tests.conftest import ROOT
from tests.extreme_shapes import FROM_PYTHON, LARGEST, WORK, Case, recipes

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
