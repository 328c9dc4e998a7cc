"""Adds a network of one's own to the others, or to the own ones of a visitor."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from segcore.errors import SegdeckError
from segcore.networks.card import ModelCard
from segcore.networks.catalogue import taken_names
from segcore.networks.check import check, segment
from segcore.networks.finding import FINDING, Finding
from segcore.options import explain
from segcore.processes.posix import alone_in, stand_in
from segcore.segmentation import Image, Label, Segmentation, hex_to_color
from segcore.settings import settings

_ADDING = ".adding-"


def try_on(card: ModelCard, files: Mapping[str, Path], image: Image) -> Segmentation:
    """Segment an image with a network that is not added yet, in a process of its own.

    Parameters
    ----------
    card, files
        As for `add`.
    image
        (H, W, 3) uint8, BGR, of any size.

    Returns
    -------
    Segmentation
        With hard edges.

    Raises
    ------
    SegdeckError
        If the network does not do what its card says.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, path in files.items():
            stand_in(Path(folder, name), path)
        label_map = segment(card, Path(folder), image)
    return Segmentation(label_map, tuple(Label(one.name, hex_to_color(one.color)) for one in card.labels))


def add(card: ModelCard, files: Mapping[str, Path], folder: Path | None = None) -> Finding:
    """Check a network in a process of its own and put it among the others, in one step.

    Parameters
    ----------
    card
        As its owner corrected it.
    files
        Where its files are now, by the names that the card gives them: those that run, reference image and mask.
    folder
        The folder of a visitor whose own the network stays; where it is left out all can use it.

    Returns
    -------
    Finding
        What was found; "unverified" unless the card has a reference.

    Raises
    ------
    SegdeckError
        If another network has this name, or this one does not do what its card says. Nothing is left behind then.
    """
    models = folder or settings().models_dir
    _refuse_taken(card.name)
    try:
        if not folder:
            models.mkdir(parents=True, exist_ok=True)  # an installed package's first
        with _folder_within(models) as outer:
            new = outer / card.name
            new.mkdir()
            for name, path in files.items():
                shutil.copyfile(path, new / name)
            found = check(card, new)
            (new / "card.toml").write_text(card.to_toml(), "utf-8")
            (new / FINDING).write_text(found.to_toml(), "utf-8")
            os.rename(new, models / card.name)
    except OSError as error:
        _refuse_taken(card.name)
        raise SegdeckError(f"The network could not be saved: {error.strerror}.") from error
    return found


def share(own: ModelCard, name: str) -> Finding:
    """Give a visitor's own network to all, as a copy under a name of its own.

    Raises
    ------
    SegdeckError
        As `add`, and if the name is no card's name.
    """
    try:
        card = ModelCard.model_validate(own.model_dump() | {"name": name, "family": name})
    except ValidationError as error:
        raise explain(error) from None
    return add(card, {file.name: own.folder / file.name for file in own.files})


@contextmanager
def _folder_within(models: Path) -> Iterator[Path]:
    """Give a folder inside that of the models, so deep that half a network in it is not taken for one.

    It is deleted in the end. What a process that was killed left is deleted here: a folder is locked while somebody
    works in it.
    """
    with ExitStack() as stack:
        with alone_in(models):
            for left in models.glob(f"{_ADDING}*"):
                with suppress(OSError), alone_in(left, wait=False):
                    shutil.rmtree(left)
            outer = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=_ADDING, dir=models)))
            stack.enter_context(alone_in(outer))
        yield outer


def _refuse_taken(name: str) -> None:
    if name in taken_names():
        raise SegdeckError(f"There is a network called {name!r} already; choose another name.")
