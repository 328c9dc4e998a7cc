"""What only some systems can: locks on files and limits on memory. POSIX has both; elsewhere there are none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
    import resource
except ImportError:  # Windows
    _POSIX = False
else:
    _POSIX = True

HAS_LOCKS = _POSIX


def try_lock(descriptor: int) -> bool:
    """Lock an open file, for as long as it is open; tell whether nobody else has it locked.

    The lock goes with the process that holds it, however that ends. Without locks every file counts as another's.
    """
    if not _POSIX:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def alone_in(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Keep others who ask for the same out of a folder. It is itself what is locked: no lock file is left over.

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
    lock = os.open(folder, os.O_RDONLY)
    try:
        if _POSIX:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(lock)


def limit_memory(addresses_bytes: int) -> None:
    """Limit this process's addresses, and let it leave no core file."""
    if _POSIX:
        resource.setrlimit(resource.RLIMIT_AS, (addresses_bytes, addresses_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
