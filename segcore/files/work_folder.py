"""Where a server keeps its visitors' files: a folder of its own in the work folder, locked for as long as it runs."""

import os
import secrets
import shutil
import stat
from pathlib import Path

from filelock import FileLock, Timeout

from segcore.errors import SegdeckError

_PREFIX, _LOCK = "server-", "lock"


def prepare_work_dir(work_dir: Path) -> None:
    """Make the work folder, for this user alone, or refuse one that another user could meddle with.

    Parameters
    ----------
    work_dir
        The folder that all servers of this user share.

    Raises
    ------
    SegdeckError
        If it is a link, no folder, another user's, or can't be made.
    """
    try:
        work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = work_dir.lstat()
    except OSError as error:
        raise SegdeckError(f"The folder for visitors' files can't be made ({error.strerror}): {_CURE}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise SegdeckError(f"The folder for visitors' files is a link to somewhere else: {_CURE}")
    if hasattr(os, "getuid") and found.st_uid not in (os.getuid(), 0):  # root may read everything anyway
        raise SegdeckError(f"The folder for visitors' files belongs to another user: {_CURE}")


_CURE = "set SEGDECK_WORK_DIR to a folder of your own."


class ServerFolder:
    """One server's folder. Folders of servers that no longer run are removed when it is made.

    The lock that a server holds on a file in its folder ends with it, however it ends; so a folder whose lock can be
    taken is stale. The number of a process would not tell: two containers on one work folder have the same numbers.

    Attributes
    ----------
    path
        The folder, readable by this user alone.
    """

    def __init__(self, work_dir: Path) -> None:
        """Make the folder.

        Raises
        ------
        SegdeckError
            If ``work_dir`` can't be used.
        """
        prepare_work_dir(work_dir)
        with FileLock(work_dir / _LOCK):  # no other server looks while a folder is there but not yet locked
            _remove_stale(work_dir)
            self.path = work_dir / f"{_PREFIX}{secrets.token_hex(8)}"
            self.path.mkdir(mode=0o700)
            self._lock = FileLock(self.path / _LOCK, thread_local=False)
            self._lock.acquire()

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)  # see `_remove_stale`


def _remove_stale(work_dir: Path) -> None:
    for folder in work_dir.glob(f"{_PREFIX}*"):
        try:
            with FileLock(folder / _LOCK, blocking=False):
                shutil.rmtree(folder, ignore_errors=True)
        except Timeout:
            continue
        shutil.rmtree(folder, ignore_errors=True)  # Windows keeps the lock's own file as long as it is held
