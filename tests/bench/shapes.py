"""Peak memory and processor time of everything, on the largest photos of three shapes and three contents."""

from collections.abc import Iterator
from itertools import product

from tests.bench.common import verdict
from tests.extreme_shapes import LARGEST, recipes
from tests.test_extreme_shapes import MOST_CPU_S, MOST_MB, worst


def run() -> Iterator[str]:
    shapes = [("noise", *size) for size in LARGEST]
    contents = [(kind, *LARGEST[0]) for kind in ("dots", "chessboard", "planes")]
    memory_mb, cpu_s = worst((name, *shape) for name, shape in product(recipes(), shapes + contents))
    yield verdict("largest photo, memory beyond the process's own, MB", memory_mb, MOST_MB, at_least=False, detail="")
    yield verdict("the same, processor time, s", cpu_s, MOST_CPU_S, at_least=False, detail="")
