import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from segcore.errors import SegdeckError
from segcore.processes.posix import CAN_FORK
from segcore.processes.worker import Limits, Message, ask, ask_once

LIMITS = Limits(memory_bytes=2 << 30, silence_s=20)
HERE = "tests.processes.test_worker"
_WORDS = "This could not be read."


# Tasks: they run in workers


def echo(blob: bytes = b"", **values: object) -> Iterator[Message]:
    yield {"values": values, "limit": os.environ.get("SEGDECK_MAX_FRAMES"), "number": os.getpid()}, blob


def refuse() -> Iterator[Message]:
    yield {}, b""
    raise SegdeckError("This is no picture.")


def fail() -> Iterator[Message]:
    raise ZeroDivisionError("/tmp/secret.mp4")
    yield {}, b""


def crash() -> Iterator[Message]:
    yield {}, b""
    os.kill(os.getpid(), 11)


def hang() -> Iterator[Message]:
    yield {}, b""
    time.sleep(1000)


def babble() -> Iterator[Message]:
    print("no answer")
    yield {"number": os.getpid()}, b""


def eat() -> Iterator[Message]:
    yield {"size": len(bytearray(4 << 30))}, b""


def leave_early() -> Iterator[Message]:
    yield {}, b""
    os._exit(0)


def count(number: int) -> Iterator[Message]:
    for n in range(number):
        yield {"n": n, "number": os.getpid()}, b""


@pytest.fixture(params=["forked", "started"], autouse=True)
def forked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Tell whether workers are forked or started, which is chosen for the test: both keep the same promises."""
    chosen = bool(request.param == "forked")
    if chosen and not CAN_FORK:
        pytest.skip("this system does not fork")
    monkeypatch.setattr("segcore.processes.worker.CAN_FORK", chosen)
    return chosen


def _running(number: int) -> bool:
    return psutil.pid_exists(number) and psutil.Process(number).status() != psutil.STATUS_ZOMBIE


def test_an_answer_brings_what_the_question_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDECK_MAX_FRAMES", "7")
    blob = os.urandom(3_000_000)
    values, content = ask_once(f"{HERE}:echo", {"a": [1, "ü"]}, LIMITS, _WORDS, blob)
    assert content == blob
    assert (values["values"], values["limit"]) == ({"a": [1, "ü"]}, "7")
    assert values["number"] != os.getpid()
    assert not _running(values["number"])


def test_answers_come_as_they_are_made_and_closing_ends_the_worker() -> None:
    answers = ask(f"{HERE}:count", {"number": 10**9}, LIMITS, _WORDS)
    number = next(answers)[0]["number"]
    assert [next(answers)[0]["n"] for _ in range(3)] == [1, 2, 3]
    assert _running(number)
    answers.close()
    assert not _running(number)


@pytest.mark.parametrize("task", ["fail", "crash", "hang", "eat", "leave_early", "missing"])
def test_a_worker_that_falls_over_costs_its_task_only(task: str, caplog: pytest.LogCaptureFixture) -> None:
    limits = Limits(LIMITS.memory_bytes, 3 if task == "hang" else 20)
    with pytest.raises(SegdeckError, match=_WORDS):
        list(ask(f"{HERE}:{task}", {}, limits, _WORDS))
    assert task in caplog.text
    assert "secret" not in caplog.text


def test_a_refusal_comes_through() -> None:
    with pytest.raises(SegdeckError, match="This is no picture"):
        list(ask(f"{HERE}:refuse", {}, LIMITS, _WORDS))


def test_what_a_library_prints_is_no_answer() -> None:
    assert ask_once(f"{HERE}:babble", {}, LIMITS, _WORDS)[0]["number"]


_ASKER = """
import sys
from segcore.processes import worker
from segcore.processes.worker import Limits, ask
worker.CAN_FORK = sys.argv[1] == "True"
for values, _ in ask("tests.processes.test_worker:count", {"number": 10**9}, Limits(2 << 30, 20), ""):
    if not values["n"]:
        print(values["number"], flush=True)
"""


def test_a_worker_ends_with_the_one_who_asked(forked: bool) -> None:
    command = [sys.executable, "-c", _ASKER, str(forked)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path.cwd()) as asker:
        assert asker.stdout
        asked = psutil.Process(int(asker.stdout.readline()))
        asker.kill()
    asked.wait(20)
