"""The store of networks: installed whole and checked or not at all, confirmed, and removed."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segcore.errors import SegdeckError
from segcore.files.parts import write_whole
from segcore.networks.card import FINDING, Finding, ModelCard, file_sha256, missing
from segcore.networks.check import check
from segcore.networks.download import OnProgress, discard_part, fetch, part_of
from segcore.processes.posix import alone_in

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def install(card: ModelCard, on_progress: OnProgress = lambda _here, _total: None) -> bool:
    """Fetch a network's weights unless they are here, check it, and publish it. Other processes wait meanwhile.

    Parameters
    ----------
    card
        The network.
    on_progress
        Told of each step of fetching.

    Returns
    -------
    bool
        Whether anything had to be done.

    Raises
    ------
    SegdeckError
        If it can't be fetched or stored, what came is not what the card promises, or the network does not do what
        its card says: then nothing is stored.
    """
    with _alone_with(card):
        if _is_in_order(card):
            return False
        with _empty_folder(card) as folder:
            _gather(card, folder, on_progress)
            found = check(card, folder)
            for name in {card.weights.name, found.file}:
                os.replace(folder / name, card.path.with_name(name))
            _write(found, card)
        return True


def confirm(card: ModelCard) -> None:
    """Note that a person looked at a test picture and found the network to work.

    Raises
    ------
    SegdeckError
        If it is not installed.
    """
    with _alone_with(card):
        found = card.finding()
        if found is None or not card.installed:
            raise missing(card)
        if found.verified == "unverified":
            _write(found.model_copy(update={"verified": "confirmed"}), card)


def remove(card: ModelCard) -> bool:
    """Delete all that installing stored; of a network that a person added, the card as well.

    Returns
    -------
    bool
        Whether there was anything.

    Raises
    ------
    SegdeckError
        If that is not allowed here.
    """
    folder = card.path.parent
    with _alone_with(card):
        if card.source.by_hand:
            shutil.rmtree(folder)
            return True
        stored = [card.path, folder / FINDING, *folder.glob("*.mended.onnx")]
        here = [path for path in stored if path.exists()]
        for path in here:
            path.unlink()
        discard_part(card)
        return bool(here)


def _is_in_order(card: ModelCard) -> bool:
    try:
        card.verify()
    except SegdeckError:
        return False
    return card.finding() is not None


def _gather(card: ModelCard, folder: Path, on_progress: OnProgress) -> None:
    """Bring all files that a network needs into one folder: the weights from far unless they are here and whole."""
    if card.source.by_hand:
        card.verify()
    if card.installed and file_sha256(card.path) == card.weights.sha256:
        shutil.copyfile(card.path, folder / card.weights.name)
    else:
        fetch(card, on_progress)
        os.replace(part_of(card), folder / card.weights.name)
        discard_part(card)
    for name in _files_beside(card):
        shutil.copyfile(card.beside(name), folder / name)


def _files_beside(card: ModelCard) -> list[str]:
    """Return the names of what a network needs besides its weights, and is not fetched."""
    names = [card.config.name] if card.config else []
    return [*names, card.reference.picture, card.reference.mask] if card.reference else names


def _write(found: Finding, card: ModelCard) -> None:
    write_whole(card.path.with_name(FINDING), lambda part: part.write_text(found.to_toml(), "utf-8"))


@contextmanager
def _empty_folder(card: ModelCard) -> Iterator[Path]:
    """Give a folder on the same disk, from where files are published in one step each; gone in the end."""
    folder = card.path.with_name(".installing")
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone_with(card: ModelCard) -> Iterator[None]:
    """Keep other processes away from a network's files, and say in plain words what goes wrong with them."""
    with _in_plain_words(card):
        if not card.source.by_hand:  # the card may lie in an installed package, and nothing yet where its weights go
            card.path.parent.mkdir(parents=True, exist_ok=True)
        with alone_in(card.path.parent):
            yield


@contextmanager
def _in_plain_words(card: ModelCard) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            discard_part(card)
            size_mb = card.weights.size_bytes / 1e6
            raise SegdeckError(
                f"There is not enough room on the disk for {card.title}, which takes {size_mb:.1f} MB."
            ) from error
        raise SegdeckError(f"The files of {card.title} can't be changed: {error.strerror}.") from error
