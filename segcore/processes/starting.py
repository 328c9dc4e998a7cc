"""Starting a Python of one's own; and workers that are started for each task, which any system can."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from segcore.processes.messages import Message, read, write
from segcore.processes.serving import serve
from segcore.processes.set_up import use_one_thread_each

TAKES_A_QUESTION_S = 30
"""The longest time in seconds that a worker may need to take a question in."""


def start_python(code: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start a process that runs some Python and finds every module that this one finds.

    Parameters
    ----------
    code
        What it runs.
    **options
        Of `subprocess.Popen`.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code],  # -P: no module comes from the folder that somebody happens to work in
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.DEVNULL,
        # Ctrl-C is for the one who asked; the one word is POSIX's, the other that of Windows
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        **options,
    )


class StartedWorker:
    """A process for one question. It loads all that it needs when it starts, which takes about a second."""

    def __init__(self) -> None:
        code = f"from {__name__} import work; work()"
        self._process = start_python(code, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin
        assert self._process.stdout
        self._questions, self._answers = self._process.stdin, self._process.stdout

    def send(self, values: Mapping[str, Any], blob: bytes) -> None:
        """Ask the question."""
        with self._ended_after(TAKES_A_QUESTION_S), suppress(OSError):  # it died: so the answer says
            write(self._questions, values, blob)

    def receive(self, within_s: float) -> Message | None:
        """Return the next message; None where the process ends, babbles or is silent for so long."""
        with self._ended_after(within_s):
            return read(self._answers)

    def end(self) -> None:
        """End the process, and wait until it is no more."""
        self._process.kill()
        self._process.wait()
        for stream in (self._questions, self._answers):
            with suppress(OSError):  # closing writes what is still waiting
                stream.close()

    @contextmanager
    def _ended_after(self, seconds: float) -> Iterator[None]:
        """End the process if what is done with it takes too long: not every system lets one wait for a pipe."""
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def work() -> NoReturn:
    """Do the work of a `StartedWorker`, in its process."""
    use_one_thread_each()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    with open(os.devnull, "wb") as nowhere:  # what a library prints is no answer
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)
