"""The model cards that there are, by name and by family. A card is read once, and again when its file changes."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from segcore.errors import SegdeckError, quote, suggest
from segcore.files.toml_text import read_toml
from segcore.networks.card import ModelCard
from segcore.networks.folders import folder_of, is_own
from segcore.options import explain
from segcore.settings import settings


def cards() -> dict[str, ModelCard]:
    """Return all cards by name, but for those that `broken_cards` tells of."""
    return {name: card for name, card in _read_cards().items() if isinstance(card, ModelCard)}


def broken_cards() -> dict[str, str]:
    """Return what is wrong with each card that can't be used, by name: such a card does not hold up the others."""
    return {name: card for name, card in _read_cards().items() if isinstance(card, str)}


def own_cards(names: Iterable[str]) -> dict[str, ModelCard]:
    """Return the cards of visitors' own networks by these names, but for those that are gone."""
    found = {name: _read_card(folder_of(name) / "card.toml") for name in names if is_own(name)}
    return {name: card for name, card in found.items() if isinstance(card, ModelCard)}


def family(name: str) -> tuple[ModelCard, ...]:
    """Return the cards that a card's or a family's name stands for.

    Parameters
    ----------
    name
        For example ``"selfie"`` for both selfie cards, or ``"selfie_general"`` for the one.

    Raises
    ------
    SegdeckError
        If there is none, or the one card is broken.
    """
    if is_own(name):
        if own := own_cards([name]):
            return tuple(own.values())
        raise SegdeckError("This network was a visitor's own and went with the visit; choose another one.")
    known = _read_cards()
    one = known.get(name)
    if isinstance(one, str):
        raise SegdeckError(one)
    if one:
        return (one,)
    readable = [card for card in known.values() if isinstance(card, ModelCard)]
    if members := tuple(card for card in readable if card.family == name):
        return members
    names = sorted({card.name for card in readable} | {card.family for card in readable})
    raise SegdeckError(f"There is no network {quote(name)}; {suggest(name, names)}")


def taken_names() -> set[str]:
    """Return the names that a new card can't have. A family's is one: recipes that name it would get the new card."""
    folders = {path.name for folder in settings().card_dirs for path in folder.glob("*")}
    return folders | {card.family for card in cards().values()}


def _read_cards() -> dict[str, ModelCard | str]:
    """Return every card by name, or what is wrong with it."""
    found = {path.parent.name: path for folder in reversed(settings().card_dirs) for path in folder.glob("*/card.toml")}
    return {name: _read_card(path) for name, path in sorted(found.items())}


def _read_card(path: Path) -> ModelCard | str:
    try:
        now = path.stat()
    except OSError as error:
        return f"{_called(path)} can't be read: {error.strerror}."
    # The last is the time of the last change: who may read a file can change without a write.
    return _read_version(path, (now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns))


@lru_cache(maxsize=256)
def _read_version(path: Path, _version: tuple[int, ...]) -> ModelCard | str:
    """Read a card; ``_version`` is another one once its file has changed."""
    try:
        return ModelCard.model_validate({**read_toml(path, _called(path)), "name": path.parent.name})
    except ValidationError as error:
        return f"{_called(path)}: {explain(error)}"
    except SegdeckError as error:
        return str(error)
    except OSError as error:
        return f"{_called(path)} can't be read: {error.strerror}."


def _called(path: Path) -> str:
    return f"models/{path.parent.name}/card.toml"
