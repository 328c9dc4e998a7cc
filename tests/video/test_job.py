import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest

from segcore.methods.objects import ObjectsOptions
from segcore.overlays.objects import NumberedObjects
from segcore.recipe import Recipe
from segcore.video import iterate_clip, iterate_clip_in_worker, probe
from segcore.video.still import first_picture
from tests.clips import make_clip, picture, repeat
from tests.plain import refused
from tests.video.conftest import REDS, TINT, outputs

COUNTED = Recipe(title="Counted", segmenter=ObjectsOptions(source=REDS), overlay=NumberedObjects())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def workers() -> list[psutil.Process]:
    """Return the processes that work for this one: children of its child that forks them."""
    return [worker for nursery in psutil.Process().children() for worker in nursery.children()]


def test_a_worker_writes_what_this_process_would(tmp_path: Path, decoded: Callable[..., np.ndarray]) -> None:
    source = make_clip(tmp_path / "a.mp4", sound="aac")
    files = {"result": "result.mp4", "mask": "mask.mp4", "measures": "measures", "objects": "objects"}
    wanted = [outputs(**{name: tmp_path / f"{number}-{file}" for name, file in files.items()}) for number in (1, 2)]
    apart = list(iterate_clip_in_worker(source, wanted[0], COUNTED, info=probe(source)))
    here = list(iterate_clip(source, wanted[1], COUNTED))
    assert [step.frames_done for step in apart] == [step.frames_done for step in here]
    assert [step.coverage_percent for step in apart] == [step.measures.coverage_percent for step in here]
    assert [step.objects for step in apart] == [step.result.count_objects() for step in here]
    assert apart[-1].labels == here[-1].result.segmentation.labels
    for name in ("result.mp4", "mask.mp4"):
        assert (decoded(tmp_path / f"1-{name}", 160, 120) == decoded(tmp_path / f"2-{name}", 160, 120)).all()
    for name in ("measures", "objects"):
        assert (tmp_path / f"1-{name}").read_bytes() == (tmp_path / f"2-{name}").read_bytes()
    still = cv2.imdecode(np.frombuffer(apart[0].still, np.uint8), cv2.IMREAD_COLOR)
    assert still.shape == (120, 160, 3)
    assert sum(step.still is not None for step in apart) < len(apart)


def test_cancel_ends_the_worker_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    source = repeat(make_clip(tmp_path / "a.mp4", sound="aac"), 200)
    wanted = outputs(result=tmp_path / "b.mp4", mask=tmp_path / "m.mp4", measures=tmp_path / "f.csv")
    job = iterate_clip_in_worker(source, wanted, TINT)
    for _ in range(5):
        next(job)
    [worker] = workers()
    assert len(names(tmp_path)) == 4
    job.close()
    assert not worker.is_running()
    assert names(tmp_path) == ["a.mp4"]


def test_a_worker_that_dies_costs_its_clip_only(tmp_path: Path) -> None:
    source = repeat(make_clip(tmp_path / "a.mp4"), 200)
    job = iterate_clip_in_worker(source, tmp_path / "b.mp4", TINT)
    next(job)
    [worker] = workers()
    worker.send_signal(signal.SIGSEGV)
    with refused("could not be processed"):
        list(job)
    assert names(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize(
    ("files", "recipe", "words"),
    [
        ({"result": "b.avi"}, TINT, "does not end in .mp4"),
        ({"result": "b.mp4", "objects": "o.csv"}, TINT, "does not tell objects apart"),
        ({"result": "a.mp4"}, TINT, "not that of the video"),
    ],
)
def test_what_can_not_be_is_refused_as_ever(files: dict[str, str], recipe: Recipe, words: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    with refused(words):
        list(iterate_clip_in_worker(source, outputs(**{key: tmp_path / one for key, one in files.items()}), recipe))
    assert names(tmp_path) == ["a.mp4"]


_JOB = """
import sys
from pathlib import Path
from segcore.video import iterate_clip_in_worker
from tests.video.conftest import TINT
for step in iterate_clip_in_worker(Path(sys.argv[1]), Path(sys.argv[2]), TINT):
    print(step.frames_done, flush=True)
"""


def test_a_job_that_was_killed_leaves_nothing_for_long(tmp_path: Path) -> None:
    source = repeat(make_clip(tmp_path / "a.mp4"), 200)
    command = [sys.executable, "-c", _JOB, source, tmp_path / "b.mp4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asker:
        assert asker.stdout
        while not list(tmp_path.glob("*.part")):  # it is opened beside the first steps
            assert asker.stdout.readline()
        asker.send_signal(signal.SIGSTOP)  # so that neither it nor its worker can tidy up
        children = psutil.Process(asker.pid).children(recursive=True)
        for child in children:
            child.kill()
        asker.kill()
    psutil.wait_procs(children, timeout=20)
    assert names(tmp_path) != ["a.mp4"]
    list(iterate_clip_in_worker(make_clip(tmp_path / "c.mp4", frames=2), tmp_path / "d.mp4", TINT))
    assert names(tmp_path) == ["a.mp4", "c.mp4", "d.mp4"]


def test_the_first_picture_is_read_apart(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    image: Any = first_picture(source, probe(source))
    assert np.abs(image.astype(int) - picture(0)).mean() < 4
