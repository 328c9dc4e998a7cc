"""Trying many inputs: workers are kept for as long as they hold, and watched from outside."""

import itertools
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.fuzz.kinds import KINDS, Kind
from tests.fuzz.worker import Report, work

WORKERS = 2
MOST_MB = 500
"""By how much an input may make the process larger that takes it, and all inputs together."""
_STARTING_S = 120
_MAKING_S = 60
_LOOK_EVERY_S = 0.05
_SLOWEST = 8  # as many times its processor time an input may take by the clock: others may work here, too


class Task(NamedTuple):
    """An input, by its kind and its seed."""

    kind: str
    seed: int


@dataclass
class Tally:
    """How all inputs of one kind ended."""

    verdicts: Counter[str] = field(default_factory=Counter)
    most_mb: float = 0
    most_s: float = 0


@dataclass
class Findings:
    """How all inputs ended."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    failures: dict[Task, Report] = field(default_factory=dict)

    def add(self, task: Task, report: Report) -> None:
        tally = self.tallies.setdefault(task.kind, Tally())
        tally.verdicts[report.verdict] += 1
        tally.most_mb = max(tally.most_mb, report.grown_mb)
        tally.most_s = max(tally.most_s, report.seconds)
        if report.verdict == "failed":
            self.failures[task] = report

    def lines(self) -> Iterator[str]:
        """Yield the table, and then each failure with the command that repeats it."""
        heads = (f"{'kind':10}{'tried':>8}{'passed':>8}", f"{'refused in a sentence':>23}{'failed':>8}")
        yield f"{''.join(heads)}{'most MB':>9}{'most s':>8}"
        for kind, tally in self.tallies.items():
            verdicts = [tally.verdicts[name] for name in ("passed", "refused", "failed")]
            yield (
                f"{kind:10}{sum(verdicts):8}{verdicts[0]:8}{verdicts[1]:23}{verdicts[2]:8}"
                f"{tally.most_mb:9.0f}{tally.most_s:8.1f}"
            )
        for task, report in sorted(self.failures.items()):
            yield f"python -m tests.fuzz {task.kind} --seed {task.seed}  # {report.place} {report.words}"


class LostError(Exception):
    """The worker did not live through an input, or was not allowed to."""


class Worker:
    """A process that tries inputs. It is started when it is needed, and anew after it was lost."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds
        self._process: psutil.Process | None = None
        self._base_mb = 0.0

    def try_one(self, task: Task) -> Report:
        """Try an input, and watch the time and the memory that it takes."""
        if self._process is None:
            self._start()
        try:
            return self._watch(task)
        except LostError as lost:
            report = Report("failed", f"{lost}{self._last_words()}")
            self.end()
            return report

    def _start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="segdeck-fuzz-"))
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        started = context.Process(target=work, args=(theirs, self._folder, self._kinds), daemon=False)
        started.start()
        theirs.close()
        self._process = psutil.Process(started.pid)
        self._handle = started
        if not self._connection.poll(_STARTING_S) or self._connection.recv() != "ready":
            raise RuntimeError("a worker did not start")
        self._base_mb = self._resident_mb()
        self._spent_s: dict[tuple[int, float], float] = {}

    def _watch(self, task: Task) -> Report:
        try:
            self._connection.send(task)
            if not self._connection.poll(_MAKING_S):
                raise LostError("making the input took too long")
            self._connection.recv()
            bound_s = self._kinds[task.kind].seconds
            self._spent_s.clear()
            before_mb, before_s, start_s = self._resident_mb(), self._look_at_times(), time.monotonic()
            most_mb = before_mb
            while not self._connection.poll(_LOOK_EVERY_S):
                most_mb = max(most_mb, self._resident_mb())
                if most_mb - before_mb > MOST_MB:
                    raise LostError(f"took more than {MOST_MB} MB")
                if self._look_at_times() - before_s > bound_s or time.monotonic() - start_s > _SLOWEST * bound_s:
                    raise LostError(f"took more than {bound_s:g} s")
            report: Report = self._connection.recv()
            report.grown_mb, report.seconds = most_mb - before_mb, self._look_at_times() - before_s
            if (kept_mb := self._resident_mb() - self._base_mb) > MOST_MB:
                raise LostError(f"the worker grew by {kept_mb:.0f} MB from its first input to this one")
            return report
        except (EOFError, ConnectionError, psutil.NoSuchProcess):
            raise LostError("the process died, perhaps while the input was made") from None

    def _resident_mb(self) -> float:
        return self._process.memory_info().rss / 1e6

    def _look_at_times(self) -> float:
        """Return the processor time so far, that of its own processes as far as it was seen before they ended."""
        for process in (self._process, *self._process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                self._spent_s[process.pid, process.create_time()] = sum(process.cpu_times()[:2])
        return sum(self._spent_s.values())

    def _last_words(self) -> str:
        """Return the end of what the process printed, which tells where it died."""
        with suppress(psutil.NoSuchProcess):
            self._process.send_signal(signal.SIGUSR1)
            time.sleep(0.3)
        lines = (self._folder / "log").read_text("utf-8", "replace").splitlines()
        ours = [line.strip() for line in lines if "segcore" in line or "Fatal" in line]
        return "".join(f" | {line}" for line in ours[:4])

    def end(self) -> None:
        """End the process and all that it started, and take its folder away."""
        if self._process is None:
            return
        self._connection.close()
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            for child in self._process.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            os.killpg(self._process.pid, signal.SIGKILL)
        self._handle.join()
        self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)


def run(
    tasks: Iterable[tuple[str, int]], *, seconds: float | None = None, kinds: Mapping[str, Kind] = KINDS
) -> Findings:
    """Try inputs.

    Parameters
    ----------
    tasks
        Kinds and seeds; may be without end if there is a limit.
    seconds
        After this time no new input is begun.
    kinds
        Those that the tasks name.
    """
    findings, lock, stopped = Findings(), threading.Lock(), threading.Event()
    end_s = time.monotonic() + (seconds or float("inf"))
    waiting = itertools.starmap(Task, tasks)

    def serve(worker: Worker) -> None:
        try:
            while time.monotonic() < end_s and not stopped.is_set():
                with lock:
                    task = next(waiting, None)
                if task is None:
                    return
                report = worker.try_one(task)
                with lock:
                    findings.add(task, report)
        finally:
            worker.end()

    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            list(pool.map(serve, [Worker(kinds) for _ in range(WORKERS)]))
        finally:
            stopped.set()  # by Ctrl-C, after the inputs that are being tried
    return findings
