"""Files on their way: each is written beside its target, under a name that no other has, and renamed when whole."""

import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from segcore.processes.posix import try_lock

_OURS = re.compile(r".*\.segdeck-[0-9a-f]{8}\.part")
_LONGEST_STEM = 50  # characters, of four bytes at the most: a name has 255 bytes, and some are added


class Part:
    """A file that grows until `publish` gives it its name, or `discard` removes it.

    It is locked as long as its process writes to it. So what a killed process left behind is known, and goes when
    the next file is written to the same folder.
    """

    def __init__(self, target: Path) -> None:
        """Begin a file, empty at first.

        Parameters
        ----------
        target
            Where it goes in the end.

        Raises
        ------
        OSError
            If no file can be written there.
        """
        remove_stale_parts(target.parent)
        self._target = target
        while True:
            name = f"{target.name[:_LONGEST_STEM]}.segdeck-{secrets.token_hex(4)}.part"
            self.path = target.with_name(name)
            self.path.touch(exist_ok=False)
            self._release = try_lock(self.path)
            if self._release and self.path.exists():
                break
            self._let_go()  # taken for a stale one before it was locked

    def publish(self) -> None:
        """Give the whole file its name."""
        os.replace(self.path, self._target)

    def discard(self) -> None:
        """Let go of the file, and remove it unless it has its name."""
        with suppress(OSError):
            self.path.unlink()
        self._let_go()

    def _let_go(self) -> None:
        if self._release:
            self._release()
            self._release = None

    def __enter__(self) -> "Part":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


def write_whole(target: Path, write: Callable[[Path], object]) -> None:
    """Have a file written whole or not at all.

    Parameters
    ----------
    target
        Where it goes.
    write
        Writes it to the path that it is given.
    """
    with Part(target) as part:
        write(part.path)
        part.publish()


def remove_stale_parts(folder: Path) -> None:
    """Remove what processes that were killed left in a folder."""
    for path in folder.iterdir():
        if not _OURS.fullmatch(path.name):
            continue
        with suppress(OSError):  # another one swept it, or it is not ours to remove
            if release := try_lock(path):
                try:
                    path.unlink()
                finally:
                    release()
