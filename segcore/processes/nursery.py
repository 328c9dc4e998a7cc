"""Workers that are forked, which is done in milliseconds, but not on every system."""

import importlib
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from segcore.errors import SegdeckError
from segcore.processes.messages import Message, read, write
from segcore.processes.serving import serve
from segcore.processes.set_up import use_one_thread_each
from segcore.processes.starting import TAKES_A_QUESTION_S, start_python

_LOOK_EVERY_S = 0.005
_NUMBER = struct.Struct("=q")


class Nursery:
    """A process that has loaded what tasks need, and forks a worker when one is wanted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def start(self) -> None:
        """Start the process unless it runs."""
        with self._lock:
            self._start()

    def fork(self) -> "ForkedWorker":
        """Return a new worker.

        Raises
        ------
        SegdeckError
            If there can't be one.
        """
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            for _ in range(2):  # somebody may have ended the process
                line = self._start()
                with suppress(OSError):
                    socket.send_fds(line, [b"!"], [theirs.fileno()])
                    if number := line.recv(_NUMBER.size):
                        return ForkedWorker(ours, *_NUMBER.unpack(number))
        raise SegdeckError("No process can be started on this computer now; try again later.")

    def _start(self) -> socket.socket:
        if self._line and self._process and self._process.poll() is None:
            return self._line
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = start_python(
                f"from {__name__} import nurse; nurse({theirs.fileno()})",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # what a library prints is no answer
                pass_fds=[theirs.fileno()],
            )
        self._line = ours
        return ours


class ForkedWorker:
    """A process that waits for its one question, or works at it."""

    def __init__(self, line: socket.socket, number: int) -> None:
        self._line, self._number = line, number
        self._line.settimeout(TAKES_A_QUESTION_S)
        self._questions, self._answers = line.makefile("wb"), line.makefile("rb")

    def send(self, values: Mapping[str, Any], blob: bytes) -> None:
        """Ask the question."""
        with suppress(OSError):  # it died: so the answer says
            write(self._questions, values, blob)

    def receive(self, within_s: float) -> Message | None:
        """Return the next message; None where the process ends, babbles or is silent for so long."""
        self._line.settimeout(within_s)
        return read(self._answers)

    def end(self) -> None:
        """End the process, and wait until it is no more."""
        with suppress(ProcessLookupError):
            os.kill(self._number, signal.SIGKILL)
            while True:  # its files stay locked until the very end
                os.kill(self._number, 0)
                time.sleep(_LOOK_EVERY_S)
        for stream in (self._questions, self._answers):
            with suppress(OSError):  # closing writes what is still waiting
                stream.close()
        self._line.close()


def nurse(descriptor: int) -> None:
    """Fork a worker for each socket that comes along a line, until the line ends. This runs in the nursery."""
    line = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # none is waited for
    use_one_thread_each()  # of every worker, and before anything starts more, which a fork would not have
    importlib.import_module("segcore.video")  # while nobody waits
    while True:
        wanted, descriptors, _, _ = socket.recv_fds(line, 1, 1)
        if not wanted:
            return
        number = os.fork()
        if not number:
            line.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            ours = socket.socket(fileno=descriptors[0])
            serve(ours.makefile("rb"), ours.makefile("wb"))
        os.close(descriptors[0])
        line.send(_NUMBER.pack(number))
