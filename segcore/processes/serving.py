"""What a worker does: it answers one question, and ends."""

import importlib
import os
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NoReturn, TypeAlias

from segcore.errors import SegdeckError
from segcore.processes.messages import Message, read, write
from segcore.processes.posix import limit_memory

Task: TypeAlias = Callable[..., Iterator[Message]]
"""A function that a worker runs: it takes a question's values by name, and yields its answers."""

SETTINGS = "SEGDECK_"
"""How the names of the operator's settings begin in the environment."""


def serve(questions: IO[bytes], answers: IO[bytes]) -> NoReturn:
    """Answer the one question that comes, and end this process; end it at once where the asker ends."""
    try:
        if order := read(questions):
            threading.Thread(target=_end_with_the_asker, args=[questions], daemon=True).start()
            for values, blob in _answers(*order):
                write(answers, values, blob)
    finally:
        os._exit(0)  # libraries' threads are not waited for


def _end_with_the_asker(questions: IO[bytes]) -> None:
    questions.read(1)  # nothing more is asked: this returns where the asker hangs up
    os._exit(1)


def _answers(order: Mapping[str, Any], blob: bytes) -> Iterator[Message]:
    os.chdir(order["folder"])
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        del os.environ[name]  # they are those of an earlier time
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
