"""Work on files that strangers made, in a process of its own.

A decoder that crashes, hangs or asks for too much memory costs that one task. A worker has one task and ends with it:
nothing of one visitor's is left for the next.
"""

import logging
import os
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from segcore.errors import SegdeckError
from segcore.processes.messages import Message
from segcore.processes.nursery import ForkedWorker, Nursery
from segcore.processes.posix import CAN_FORK
from segcore.processes.serving import SETTINGS
from segcore.processes.starting import StartedWorker

__all__ = ["Limits", "Message", "ask", "ask_once", "start"]

logger = logging.getLogger(__name__)

_nursery = Nursery()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a task may take.

    Attributes
    ----------
    memory_bytes
        Of addresses; only Linux heeds it.
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
        Where a `segcore.processes.serving.Task` is found, such as ``"segcore.video.probe:look"``.
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
    worker = _new_worker()
    try:
        settings = {name: value for name, value in os.environ.items() if name.startswith(SETTINGS)}
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
    if CAN_FORK:
        _nursery.start()


def _new_worker() -> ForkedWorker | StartedWorker:
    return _nursery.fork() if CAN_FORK else StartedWorker()
