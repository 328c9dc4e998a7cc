"""The store of networks: installed whole and checked or not at all, confirmed, and removed."""

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from segcore.errors import SegdeckError
from segcore.files.parts import write_whole
from segcore.networks.card import ModelCard, UnusableNetworkError, missing
from segcore.networks.check import check
from segcore.networks.download import OnProgress, discard_part, fetch, part_of
from segcore.networks.files import NetworkFile
from segcore.networks.finding import FINDING, Finding
from segcore.networks.repair import REPAIRED_ENDING
from segcore.processes.posix import alone_in

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def install(card: ModelCard, on_progress: OnProgress = lambda _here, _total: None) -> bool:
    """Fetch a network's files unless they are here, check and publish them. Other processes wait meanwhile.

    Parameters
    ----------
    card
        The network.
    on_progress
        Told of each step of fetching, in bytes of all files that are fetched.

    Returns
    -------
    bool
        Whether anything had to be done.

    Raises
    ------
    SegdeckError
        If a file can't be fetched or stored, what came is not what the card promises, or the network does not do
        what its card says: then nothing is stored.
    """
    with _alone_with(card):
        if _is_in_order(card):
            return False
        with _empty_folder(card) as folder:
            _gather(card, folder, on_progress)
            found = check(card, folder)
            for name in {found.file, *(file.name for file in card.files)}:
                os.replace(folder / name, card.folder / name)
            _write(found, card)
        return True


def confirm(card: ModelCard) -> None:
    """Note that a person looked at a test image and found the network to work.

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
    folder = card.folder
    with _alone_with(card):
        if card.by_hand:
            shutil.rmtree(folder)
            return True
        fetched = [folder / file.name for file in card.files if not file.by_hand]
        stored = [*fetched, folder / FINDING, *folder.glob(f"*{REPAIRED_ENDING}")]
        here = [path for path in stored if path.exists()]
        for path in here:
            path.unlink()
        _discard_parts(card)
        return bool(here)


def _is_in_order(card: ModelCard) -> bool:
    try:
        card.verify()
    except SegdeckError:
        return False
    return card.finding() is not None


def _gather(card: ModelCard, folder: Path, on_progress: OnProgress) -> None:
    """Bring all files that a network needs into one folder: those that are not here, or damaged, are fetched."""
    if card.by_hand:
        card.verify()
    wanted = [file for file in card.files if not file.is_whole(card.folder / file.name)]
    for file in wanted:
        if file.by_hand:
            raise UnusableNetworkError(
                card, f"{file.name} of {card.title} is not as its card says.", "Put the right file beside the card."
            )
    _fetch_all(card, wanted, on_progress)
    for file in card.files:
        if file in wanted:
            os.replace(part_of(file, card.folder), folder / file.name)
            discard_part(file, card.folder)
        else:
            shutil.copyfile(card.folder / file.name, folder / file.name)
    if card.reference:
        for name in (card.reference.picture, card.reference.mask):
            shutil.copyfile(card.beside(name), folder / name)


def _fetch_all(card: ModelCard, wanted: Sequence[NetworkFile], on_progress: OnProgress) -> None:
    """Fetch files, each to its part: a part stays until all are whole, so that no try fetches one again."""
    total = sum(file.size_bytes for file in wanted)
    before = 0

    def on_part(here: int, _total: int) -> None:
        on_progress(before + here, total)

    for file in wanted:
        fetch(file, card.folder, card.title, on_part)
        before += file.size_bytes


def _discard_parts(card: ModelCard) -> None:
    for file in card.files:
        discard_part(file, card.folder)


def _write(found: Finding, card: ModelCard) -> None:
    write_whole(card.folder / FINDING, lambda part: part.write_text(found.to_toml(), "utf-8"))


@contextmanager
def _empty_folder(card: ModelCard) -> Iterator[Path]:
    """Give a folder on the same disk, from where files are published in one step each; gone in the end."""
    folder = card.folder / ".installing"
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
        if not card.by_hand:  # the card may be in an installed package, and nothing yet where its files go
            card.folder.mkdir(parents=True, exist_ok=True)
        with alone_in(card.folder):
            yield


@contextmanager
def _in_plain_words(card: ModelCard) -> Iterator[None]:
    """Say in one sentence what keeps files from being changed."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            _discard_parts(card)
            raise SegdeckError(
                f"There is not enough room on the disk for {card.title}, which takes {card.size_bytes / 1e6:.1f} MB."
            ) from error
        raise SegdeckError(f"The files of {card.title} can't be changed: {error.strerror}.") from error
