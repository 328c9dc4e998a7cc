"""Files that are to be read, and where results are to be written, looked at before any work is done."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from segcore.errors import SegdeckError, quote


def check_target(path: Path) -> None:
    """Refuse a path to which no file can be written.

    Raises
    ------
    SegdeckError
        If its folder is missing, or it is a folder itself.
    """
    if not stat.S_ISDIR(_mode(path.parent)):
        raise SegdeckError(f"There is no folder {quote(path.parent)} to write to.")
    if stat.S_ISDIR(_mode(path)):
        raise SegdeckError(f"{quote(path)} is a folder; name a file to write to.")


def exists(path: Path) -> bool:
    """Tell whether a path names anything.

    Raises
    ------
    SegdeckError
        If it can't name anything, or it may not be looked at.
    """
    return _mode(path) != 0


def check_source(path: Path, called: str = "") -> Path:
    """Return a file that is to be read, or refuse what can't be.

    Parameters
    ----------
    path
        The file.
    called
        What it is called in a refusal; by its path if empty.

    Raises
    ------
    SegdeckError
        If there is none, it may not be read, or it is a folder, a pipe or a device.
    """
    mode = _mode(path)
    if not mode:
        raise SegdeckError(f"There is no file {called or quote(path)}.")
    if stat.S_ISDIR(mode):
        raise SegdeckError(f"{called or quote(path)} is a folder; name a file.")
    if not stat.S_ISREG(mode):
        raise SegdeckError(f"{called or quote(path)} is a pipe or a device; name a file.")
    if not os.access(path, os.R_OK):
        raise SegdeckError(f"{called or quote(path)} can't be read: its permissions forbid it.")
    return path


def read_source(path: Path, largest_mb: int, called: str = "") -> bytes:
    """Return a file's bytes; no more of it is loaded than it may have.

    Parameters
    ----------
    path, called
        As in `check_source`.
    largest_mb
        How large it may be, in megabytes (10^6 bytes).

    Raises
    ------
    SegdeckError
        As `check_source`, or if it is larger.
    """
    with check_source(path, called).open("rb") as file:
        content = file.read(largest_mb * 1_000_000 + 1)
    if len(content) > largest_mb * 1_000_000:
        raise SegdeckError(f"{called or quote(path)} has more than the {largest_mb} MB that are accepted.")
    return content


def _mode(path: Path) -> int:
    """Return what kind of thing a path names, as `os.stat` tells it; 0 where there is nothing."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: no path can hold a NUL
        return 0
    except OSError as error:
        raise SegdeckError(f"{quote(path)} can't be used: {error.strerror}.") from None


def check_apart(source: Path, kind: str, targets: Sequence[Path]) -> None:
    """Refuse to write two results to one file, or one over what it is made from.

    Parameters
    ----------
    source
        What the results are made from.
    kind
        What it is called in the refusal: ``"photo"`` or ``"video"``.
    targets
        Where the results go.

    Raises
    ------
    SegdeckError
        If two of all these are one file.
    """
    if len({path.resolve() for path in (source, *targets)}) <= len(targets):
        raise SegdeckError(f"Each file that is written needs a name of its own, and not that of the {kind}.")
