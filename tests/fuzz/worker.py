"""The process in which inputs are tried, one after the other, as a server lives through its visitors."""

import faulthandler
import gc
import os
import re
import shutil
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from tests.fuzz.kinds import Kind

ROOT = Path(__file__).resolve().parents[2]
_LONGEST_REFUSAL = 300
_GRACE_S = 3.0  # for threads and processes that are just ending
_NOT_FOR_PEOPLE = re.compile(
    r"(?<![\w.])/(?:tmp|usr|home|work|root|etc|proc|dev)/|site-packages|\w\.py\b|Traceback|\bErrno\b|"
    r"\w::\w|\bcv2\b|\bcv\.|libav|avcodec|ffmpeg|\bav\.|numpy|ndarray|\bPIL\b|Pillow|pydantic|Assertion|NoneType|"
    r"\b[A-Z]\w+(?:Error|Exception)\b|<class|object at|Input should|Value error",
    re.IGNORECASE,
)
"""Paths, and words out of libraries, which tell a visitor nothing or too much."""


@dataclass
class Report:
    """How one input went.

    Attributes
    ----------
    verdict
        ``"passed"``, ``"refused"`` or ``"failed"``.
    words
        The refusal, or what went wrong.
    place
        Where an exception came from, as ``file:line``.
    grown_mb
        By how much the process was larger at its largest than before, in 10^6 bytes.
    seconds
        The processor time that it and its own processes took.
    """

    verdict: str
    words: str = ""
    place: str = ""
    grown_mb: float = field(default=0, compare=False)
    seconds: float = field(default=0, compare=False)


def work(connection: Connection, folder: Path, kinds: Mapping[str, Kind]) -> None:
    """Try inputs until the connection ends: kind and seed come in; the seed, once it is made, and a `Report` go out."""
    os.setsid()  # so that all that is started here can be ended at once
    os.nice(10)
    _settle_in(folder)
    from segcore.processes.set_up import set_up_process

    set_up_process()  # as the app and the command line do
    _warm_up()
    connection.send("ready")
    while True:
        try:
            kind, seed = connection.recv()
        except EOFError:
            return
        _try(kinds[kind], seed, folder, connection)


def _settle_in(folder: Path) -> None:
    """Let all that is written go into one folder, and what libraries print into one file."""
    log = open(folder / "log", "w", encoding="utf-8")  # noqa: SIM115  as long as the process
    os.dup2(log.fileno(), 2)
    faulthandler.enable(log)
    faulthandler.register(signal.SIGUSR1, log)  # asked for by who is about to end this process
    for name in ("watched", "watched/models", "watched/tmp", "watched/work"):
        (folder / name).mkdir()
    for card in (ROOT / "models").glob("*/card.toml"):
        (folder / "watched/models" / card.parent.name).symlink_to(card.parent)
    os.environ["TMPDIR"] = str(folder / "watched/tmp")
    os.environ["SEGDECK_MODELS_DIR"] = str(folder / "watched/models")
    os.environ["SEGDECK_WORK_DIR"] = str(folder / "watched/work")


def _warm_up() -> None:
    """Load what every server has loaded after a while, so that it is not counted as an input's memory."""
    import numpy as np

    from segcore.errors import SegdeckError
    from segcore.pipeline import build_pipeline
    from segcore.recipe import ready_recipes
    from segcore.video import iterate_clip_in_worker
    from tests.clips import make_clip

    with tempfile.TemporaryDirectory() as box:
        clip = make_clip(Path(box, "in.mp4"), frames=2)
        list(iterate_clip_in_worker(clip, Path(box, "out.mp4"), ready_recipes()["color_pop_red"]))
    for recipe in ready_recipes().values():
        try:
            build_pipeline(recipe)(np.zeros((64, 64, 3), np.uint8)).image.sum()
        except SegdeckError:  # weights that are not installed
            continue


def _try(kind: Kind, seed: int, folder: Path, connection: Connection) -> None:
    watched = folder / "watched"
    box = watched / "box"
    for name in ("given", "made"):
        (box / name).mkdir(parents=True)
    try:
        given = kind.make_from(seed)
    except Exception as error:
        connection.send(None)
        connection.send(Report("failed", f"it could not be made: {type(error).__name__}: {error}"))
        return
    gc.collect()
    before = _leftovers(watched, box, ())
    connection.send(seed)
    report, names = judge(lambda: kind.try_one(given, box))
    if report.verdict != "failed" and (left := _wait_for_nothing(watched, box, names, before)):
        report = Report("failed", f"left behind: {', '.join(sorted(left))[:200]}")
    connection.send(report)
    shutil.rmtree(box)


def judge(attempt: Callable[[], Iterable[str]]) -> tuple[Report, Iterable[str]]:
    """Try something, and say how it went and what shall be there now."""
    from segcore.errors import SegdeckError

    try:
        return Report("passed"), attempt()
    except SegdeckError as error:
        return judge_refusal(str(error)), ()
    except BaseException as error:
        steps = traceback.extract_tb(error.__traceback__)
        ours = [step for step in steps if Path(step.filename).is_relative_to(ROOT / "segcore")] or steps
        place = f"{os.path.relpath(ours[-1].filename, ROOT)}:{ours[-1].lineno}"
        return Report("failed", " ".join(f"{type(error).__name__}: {error}".split())[:300], place), ()


def judge_refusal(words: str) -> Report:
    """Tell whether a refusal is one sentence for people."""
    if words.splitlines() != [words] or not words.isprintable():
        return Report("failed", f"refused in more than a line: {words[:300]!r}")
    if len(words) > _LONGEST_REFUSAL:
        return Report("failed", f"refused in {len(words)} characters: {words[:200]!r}")
    if not words.endswith((".", "?")) or words.endswith(("..", "?.")):
        return Report("failed", f"refused in what is no sentence: {words!r}")
    if found := _NOT_FOR_PEOPLE.search(words):
        return Report("failed", f"refused with {found[0]!r}: {words!r}")
    return Report("refused", words)


def _leftovers(watched: Path, box: Path, names: Iterable[str]) -> set[str]:
    """Return what is there now: files, processes and threads, but for the box's own input and named results."""
    wanted = {box, box / "given", box / "made", *(box / "made" / name for name in names)}
    files = {path for path in watched.rglob("*") if path not in wanted and box / "given" not in path.parents}
    children = {f"process {child.pid}" for child in psutil.Process().children(recursive=True)}
    threads = {f"thread {thread.name}" for thread in threading.enumerate()}
    return {str(path.relative_to(watched)) for path in files} | children | threads


def _wait_for_nothing(watched: Path, box: Path, names: Iterable[str], before: set[str]) -> set[str]:
    """Return what is there now and was not before, once it had a moment to end."""
    names = list(names)
    end_s = time.monotonic() + _GRACE_S
    while (left := _leftovers(watched, box, names) - before) and time.monotonic() < end_s:
        time.sleep(0.05)
    missing = [name for name in names if not (box / "made" / name).is_file()]
    return left | {f"nothing called {name}" for name in missing}
