"""What not every system can, and what is done instead where it can't: locks, limits on memory, links.

Forking is in `segcore.processes.nursery`. All else in Segdeck is the same on Linux, macOS and Windows.
"""

import ctypes
import hashlib
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

try:
    import fcntl
    import resource
except ImportError:  # Windows
    _POSIX = False
else:
    _POSIX = True

_MACOS = sys.platform == "darwin"
CAN_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds") and not _MACOS
"""Whether workers are forked. Not on macOS: what Apple's libraries have begun does not live through a fork."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
_LARGE_BYTES = 16 << 20

Release = Callable[[], None]


def try_lock(path: Path) -> Release | None:
    """Lock a file or folder, and return what lets it go again; None if another has it, or it is not there.

    The lock goes with the process that holds it, however that ends.
    """
    try:
        return _lock(path, wait=False)
    except OSError:
        return None


@contextmanager
def alone_in(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Keep others who ask for the same out of a folder.

    Parameters
    ----------
    folder
        It must be there.
    wait
        Whether to wait until nobody else is in it.

    Raises
    ------
    BlockingIOError
        If somebody is, and there is no waiting.
    """
    release = _lock(folder, wait=wait)
    try:
        yield
    finally:
        release()


def _lock(path: Path, *, wait: bool) -> Release:
    """Lock what is at a path itself, where that is possible: then no file of a lock is ever left over."""
    if _POSIX:
        descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)  # as NFS wants it
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BaseException:
            os.close(descriptor)
            raise
        return lambda: os.close(descriptor)
    name = hashlib.sha256(os.fsencode(path.resolve(strict=True))).hexdigest()[:32]
    lock = FileLock(Path(tempfile.gettempdir(), f"segdeck-{name}.lock"), thread_local=False)
    try:
        lock.acquire(blocking=wait)
    except Timeout:
        raise BlockingIOError(f"{path} is locked") from None
    return lock.release


def limit_memory(addresses_bytes: int) -> None:
    """Limit this process's addresses, and let it leave no core file. Only Linux does; elsewhere there is no limit."""
    if _POSIX and not _MACOS:
        resource.setrlimit(resource.RLIMIT_AS, (addresses_bytes, addresses_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def most_resident_mb() -> float:
    """Return how large this process was at its largest, in megabytes; 0 where the system does not tell."""
    if not _POSIX:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if _MACOS else 1e3)


def give_large_memory_back() -> None:
    """Let glibc's malloc return a large image's planes to the system at once, where it is in use.

    Left alone it learns to keep blocks up to 32 MB for each thread: one visit with a large photo then held
    800 MB more. A clip's frames are smaller, and are kept for the next.
    """
    with suppress(OSError, AttributeError, TypeError):  # TypeError: Windows has no library without a name
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, 2 * _LARGE_BYTES)  # it would else be 128 kB from now on


def stand_in(path: Path, original: Path) -> None:
    """Put a link to a file at a path, or a copy where this user may make no links, as on most Windows computers."""
    try:
        path.symlink_to(original.resolve())
    except OSError:
        shutil.copyfile(original, path)
