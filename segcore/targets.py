"""Where results are to be written, looked at before any work is done."""

from collections.abc import Sequence
from pathlib import Path

from segcore.errors import SegdeckError


def check_target(path: Path) -> None:
    """Refuse a path to which no file can be written.

    Raises
    ------
    SegdeckError
        If its folder is missing, or it is a folder itself.
    """
    if not path.parent.is_dir():
        raise SegdeckError(f"There is no folder {str(path.parent)!r} to write to.")
    if path.is_dir():
        raise SegdeckError(f"{str(path)!r} is a folder; name a file to write to.")


def check_source(path: Path) -> Path:
    """Return a file that is to be read, or refuse one that is not there.

    Raises
    ------
    SegdeckError
        If there is no such file.
    """
    if not path.is_file():
        raise SegdeckError(f"There is no file {str(path)!r}.")
    return path


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
