"""How much resident memory a piece of work adds to this process at its peak. Linux alone tells."""

import ctypes
import gc
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import pytest

_RESET_PEAK = "5"


class MemoryWatch:
    """Measures what happens within it: ``added_mb`` is the peak beyond what was resident before."""

    added_mb = 0.0

    def __enter__(self) -> "MemoryWatch":
        try:
            gc.collect()
            ctypes.CDLL("libc.so.6").malloc_trim(0)  # what is free is not used again unseen
            Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
            self._before_mb = resident_mb("VmRSS")
        except OSError:
            pytest.skip("this system does not tell a process's peak memory")
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.added_mb = resident_mb("VmHWM") - self._before_mb


_RUN = """
import importlib, json, sys
from tests.memory_watch import MemoryWatch
module, name, argument = json.loads(sys.argv[1])
work = getattr(importlib.import_module(module), name)(argument)
with MemoryWatch() as memory:
    work()
print(memory.added_mb)
"""


def added_in_a_fresh_process(module: str, name: str, argument: object) -> float:
    """Return the megabytes that work adds at its peak in a process where no earlier test has taught the allocator.

    ``module.name(argument)`` prepares the work and returns it, to be called without arguments.
    """
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system does not tell a process's peak memory")
    command = [sys.executable, "-c", _RUN, json.dumps([module, name, argument])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return float(done.stdout.splitlines()[-1])


def resident_mb(name: str) -> float:
    """Return a line of the process's status, such as VmRSS (now) or VmHWM (at its peak), in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))
