"""Ninety seconds of the fuzz, and that it sees what goes wrong."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from segcore.errors import SegdeckError
from tests.fuzz.kinds import KINDS, Kind, in_turn
from tests.fuzz.runner import run
from tests.fuzz.worker import judge_refusal

SECONDS = 90
COUNT = 700


@pytest.mark.timeout(SECONDS * 6)
def test_ninety_seconds_of_it():
    findings = run(islice(in_turn(list(KINDS), first_seed=0), COUNT), seconds=SECONDS)
    print("\n".join(findings.lines()))
    assert findings.failures == {}
    for kind, tally in findings.tallies.items():
        assert tally.verdicts["passed"], kind
        assert tally.verdicts["refused"], kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_input_each_time(kind):
    assert [KINDS[kind].make_from(seed) for seed in range(3)] == [KINDS[kind].make_from(seed) for seed in range(3)]


def nothing(_: random.Random) -> None: ...


def passes(_: None, folder: Path) -> list[str]:
    (folder / "made" / "out.png").write_bytes(b"x")
    return ["out.png"]


def is_refused(_: None, __: Path) -> list[str]:
    raise SegdeckError("This is not accepted.")


def raises(_: None, __: Path) -> list[str]:
    raise KeyError("oh")


def can_not_be_made(_: random.Random) -> None:
    raise ValueError("not today")


def leaves_a_file(_: None, folder: Path) -> list[str]:
    (folder / "made" / "out.png.part").write_bytes(b"x")
    return []


def leaves_a_file_among_the_temporary_ones(_: None, __: Path) -> list[str]:
    Path(os.environ["TMPDIR"], "tmp123").mkdir()
    raise SegdeckError("This is not accepted.")


def leaves_a_process(_: None, __: Path) -> list[str]:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    return []


def leaves_a_thread(_: None, __: Path) -> list[str]:
    threading.Thread(target=time.sleep, args=(600,), name="left", daemon=True).start()
    return []


def writes_nothing(_: None, __: Path) -> list[str]:
    return ["out.png"]


def takes_memory(_: None, __: Path) -> list[str]:
    content = b"x" * 700_000_000
    time.sleep(600)
    return [str(len(content))]


def takes_time(_: None, __: Path) -> list[str]:
    while True:
        pass


def dies(_: None, __: Path) -> list[str]:
    os.abort()


@pytest.mark.timeout(600)
def test_what_goes_wrong_is_seen():
    bad: dict[Callable[[None, Path], list[str]], str] = {
        raises: "KeyError",
        leaves_a_file: "left behind: box/made/out.png.part",
        leaves_a_file_among_the_temporary_ones: "left behind: tmp/tmp123",
        leaves_a_process: "left behind: process",
        leaves_a_thread: "left behind: thread left",
        writes_nothing: "nothing called out.png",
        takes_memory: "took more than 500 MB",
        takes_time: "took more than 2 s",
        dies: "died",
    }
    kinds = {habit.__name__: Kind(nothing, habit, share=1, seconds=2) for habit in (passes, is_refused, *bad)}
    kinds["can_not_be_made"] = Kind(can_not_be_made, passes, share=1)
    findings = run(((name, 7) for name in kinds), kinds=kinds)
    verdicts = {name: next(iter(tally.verdicts)) for name, tally in findings.tallies.items()}
    assert verdicts == dict.fromkeys(kinds, "failed") | {"passes": "passed", "is_refused": "refused"}
    found = {task.kind: report.words for task, report in findings.failures.items()}
    for habit, words in bad.items():
        assert words in found[habit.__name__]
    assert "not today" in found["can_not_be_made"]
    assert findings.failures["raises", 7].place.startswith("tests/fuzz/test_fuzz.py:")
    assert "python -m tests.fuzz raises --seed 7" in "\n".join(findings.lines())


@pytest.mark.parametrize(
    "words",
    [
        "This is wrong.\nAnd that.",
        "x" * 300 + ".",
        "No sentence",
        "It can't be read: [Errno 2] No such file.",
        "There is no /tmp/tmp1/a.png.",
        "OpenCV says cv2.error.",
        "A ValueError came.",
        "It failed in recipe.py.",
        "A bell \x07 rings.",
    ],
)
def test_what_is_no_sentence_for_people_is_seen(words):
    assert judge_refusal(words).verdict == "failed"


def test_a_sentence_for_people_is_taken():
    assert (
        judge_refusal("overlay.strength: 3 is not allowed: it must be a number from 0.0 to 1.0.").verdict == "refused"
    )
