"""Work on files that strangers made, in a process of its own.

A decoder that crashes, hangs or asks for too much memory costs that one task. A worker has one task and ends with it:
nothing of one visitor's is left for the next. What comes back is JSON and bytes, never an object, so that a process
that was taken over can hand nothing on.

Each message is a line of JSON and, where its ``blob`` says so, that many bytes after it.
"""

import importlib
import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedRWPair
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import cv2

from segcore.errors import SegdeckError
from segcore.processes.posix import limit_memory

logger = logging.getLogger(__name__)

Message: TypeAlias = tuple[dict[str, Any], bytes]
"""What JSON holds, and bytes beside it."""
Task: TypeAlias = Callable[..., Iterator[Message]]
"""A function that a worker runs: it takes a question's values by name, and yields its answers."""

_NURSE = "from segcore.processes.worker import nurse; nurse({})"
_TAKES_A_QUESTION_S = 30
_LOOK_EVERY_S = 0.005
_NUMBER = struct.Struct("=q")
_ROOT = str(Path(__file__).resolve().parents[2])
_SETTINGS = "SEGDECK_"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a task may take.

    Attributes
    ----------
    memory_bytes
        Of addresses.
    silence_s
        The longest time in seconds from the question to the first answer, and from one answer to the next.
    """

    memory_bytes: int
    silence_s: float


def ask(task: str, question: Mapping[str, Any], limits: Limits, failed: str, blob: bytes = b"") -> Generator[Message]:
    """Have a task done by a worker, and yield its answers as they come. Closing the generator ends the worker.

    Parameters
    ----------
    task
        Where a `Task` is found, such as ``"segcore.video.probe:look"``.
    question
        Its arguments, as JSON has them.
    limits
        A worker that takes more is ended.
    failed
        The sentence for people where the worker fell over.
    blob
        Bytes that come with the question; the task gets them as its first argument unless they are empty.

    Raises
    ------
    SegdeckError
        As the task raised it; with the words of ``failed`` where the task raised something else, the worker crashed,
        or was over a limit.
    """
    worker = _nursery.fork()
    try:
        settings = {name: value for name, value in os.environ.items() if name.startswith(_SETTINGS)}
        order = {"task": task, "question": question, "memory_bytes": limits.memory_bytes, "settings": settings}
        order["folder"] = os.getcwd()
        worker.send(order, blob)
        while True:
            answer = worker.receive(limits.silence_s)
            if answer is None:
                logger.error("a worker ended in the middle of %s", task)
                raise SegdeckError(failed)
            values, content = answer
            if "refused" in values:
                raise SegdeckError(values["refused"])
            if "crashed" in values:
                logger.error("%s failed: %s", task, values["crashed"])
                raise SegdeckError(failed)
            if "finished" in values:
                return
            yield values, content
    finally:
        worker.end()


def ask_once(task: str, question: Mapping[str, Any], limits: Limits, failed: str, blob: bytes = b"") -> Message:
    """Have a task done that gives one answer, and return that. The rest is as in `ask`."""
    answers = list(ask(task, question, limits, failed, blob))
    if len(answers) != 1:
        raise SegdeckError(failed)
    return answers[0]


def start() -> None:
    """Get ready for questions: for a server, whose first visitor would wait for it."""
    _nursery.start()


class _Nursery:
    """A process that has loaded what tasks need, and forks a worker in milliseconds when one is wanted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def start(self) -> None:
        with self._lock:
            self._start()

    def fork(self) -> "_Worker":
        """Return a new worker."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            for _ in range(2):  # somebody may have ended the process
                line = self._start()
                with suppress(OSError):
                    socket.send_fds(line, [b"!"], [theirs.fileno()])
                    if number := line.recv(_NUMBER.size):
                        return _Worker(ours, *_NUMBER.unpack(number))
        raise SegdeckError("No process can be started on this computer now; try again later.")

    def _start(self) -> socket.socket:
        if self._line and self._process and self._process.poll() is None:
            return self._line
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _NURSE.format(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # what a library prints is no answer
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": _ROOT},
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the one who asked
            )
        self._line = ours
        return ours


_nursery = _Nursery()


class _Worker:
    """A process that waits for its one question, or works at it."""

    def __init__(self, line: socket.socket, number: int) -> None:
        self._line, self._number = line, number
        self._line.settimeout(_TAKES_A_QUESTION_S)
        self._stream = line.makefile("rwb")

    def send(self, values: Mapping[str, Any], blob: bytes) -> None:
        with suppress(OSError):  # it died: so the answer says
            _write(self._stream, values, blob)

    def receive(self, within_s: float) -> Message | None:
        """Return the next message; None where the process ends, babbles or is silent for so long."""
        self._line.settimeout(within_s)
        return _read(self._stream)

    def end(self) -> None:
        """End the process, and wait until it is no more."""
        with suppress(ProcessLookupError):
            os.kill(self._number, signal.SIGKILL)
            while True:  # its files stay locked until the very end
                os.kill(self._number, 0)
                time.sleep(_LOOK_EVERY_S)
        with suppress(OSError):  # closing writes what is still waiting
            self._stream.close()
        self._line.close()


def _write(stream: BufferedRWPair, values: Mapping[str, Any], blob: bytes) -> None:
    stream.write(json.dumps({**values, "blob": len(blob)}).encode() + b"\n")
    stream.write(blob)
    stream.flush()


def _read(stream: BufferedRWPair) -> Message | None:
    """Return the next message, or None where the stream ends, holds none, or is silent for too long."""
    try:
        values = json.loads(stream.readline())
        size = values.pop("blob")
        blob = stream.read(size)
    except (ValueError, TypeError, AttributeError, KeyError, OSError):
        return None
    return (values, blob) if len(blob) == size else None


# What follows runs in the nursery and in the workers


def nurse(descriptor: int) -> None:
    """Fork a worker for each socket that comes along a line, until the line ends."""
    line = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # none is waited for
    cv2.setNumThreads(1)  # of every worker, and before anything starts more, which a fork would not have
    importlib.import_module("segcore.video")  # while nobody waits
    while True:
        wanted, descriptors, _, _ = socket.recv_fds(line, 1, 1)
        if not wanted:
            return
        number = os.fork()
        if not number:
            line.close()
            _serve(socket.socket(fileno=descriptors[0]))
        os.close(descriptors[0])
        line.send(_NUMBER.pack(number))


def _serve(line: socket.socket) -> NoReturn:
    """Answer the question that comes along a line, and end; end at once where the asker does."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        stream = line.makefile("rwb")
        if order := _read(stream):
            threading.Thread(target=_end_with_the_asker, args=[line], daemon=True).start()
            for values, blob in _answers(*order):
                _write(stream, values, blob)
    finally:
        os._exit(0)  # libraries' threads are not waited for


def _end_with_the_asker(line: socket.socket) -> None:
    with suppress(OSError):
        line.recv(1)
    os._exit(1)


def _answers(order: Mapping[str, Any], blob: bytes) -> Iterator[Message]:
    os.chdir(order["folder"])
    for name in [name for name in os.environ if name.startswith(_SETTINGS)]:
        del os.environ[name]  # they are those of the nursery's start
    os.environ.update(order["settings"])
    limit_memory(order["memory_bytes"])
    try:
        module, _, name = order["task"].partition(":")
        task: Task = getattr(importlib.import_module(module), name)
        yield from task(*([blob] if blob else []), **order["question"])
    except SegdeckError as error:
        yield {"refused": str(error)}, b""
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        # without the error's own words, which may hold a file's name
        yield {"crashed": f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"}, b""
    else:
        yield {"finished": True}, b""
