"""A recipe: everything that decides what a frame turns into. TOML in, TOML out."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import Field, SerializeAsAny, ValidationError, field_validator

from segcore.errors import SegdeckError, quote, suggest
from segcore.files.paths import check_source, exists
from segcore.files.toml_text import parse_toml, read_toml
from segcore.memory import Memory
from segcore.methods import METHODS, MethodOptions
from segcore.methods.objects import SOURCES
from segcore.options import Options, chosen_by, explain, place_name
from segcore.overlays import OVERLAYS, Overlay
from segcore.overlays.tint import Tint
from segcore.refinement import Refinement

_READY = files("segcore") / "recipes"
_CALLED = "This recipe"
_METHOD = "segmenter.method"
_CHOICES: dict[str, Mapping[str, type[Options]]] = {
    _METHOD: METHODS,
    "segmenter.source.method": SOURCES,
    "overlay.kind": OVERLAYS,
}
"""By place: the options that its value chooses."""


class Recipe(Options):
    """What a frame turns into: how it is segmented, how that is refined, and what is drawn from it."""

    title: str = Field(min_length=1, max_length=60, description="Its name, as people see it.")
    summary: str = Field(default="", max_length=200, description="One sentence on what it does.")
    icon: str = Field(default="", max_length=40, description="The name of a Material symbol.")
    segmenter: Annotated[SerializeAsAny[MethodOptions], chosen_by("method", METHODS)]
    refinement: Refinement = Refinement()
    overlay: Annotated[SerializeAsAny[Overlay], chosen_by("kind", OVERLAYS)]

    @field_validator("icon")
    @classmethod
    def _only_a_symbol(cls, icon: str) -> str:
        """Leave out what is no symbol's name: it would be put into a page as it is."""
        return icon if re.fullmatch("[a-z0-9_]*", icon) else ""

    @property
    def memory(self) -> Memory:
        """On how many frames before it a frame's masks depend. Objects' numbers always depend on all of them."""
        return self.segmenter.memory.with_more(self.refinement.memory)

    def to_toml(self) -> str:
        """Write the recipe as TOML text that `parse_recipe` reads back to an equal recipe."""
        return tomli_w.dumps(self.model_dump(mode="json"))


def parse_recipe(text: str) -> Recipe:
    """Read a recipe from TOML text.

    Parameters
    ----------
    text
        The TOML.

    Returns
    -------
    Recipe
        Checked: every field known, every value in its range.

    Raises
    ------
    SegdeckError
        Naming the field, its value and what is allowed.
    """
    return _check(parse_toml(text, _CALLED))


def _check(table: dict[str, Any]) -> Recipe:
    try:
        return Recipe.model_validate(table)
    except ValidationError as error:
        raise explain(error) from None


def change_recipe(recipe: Recipe, changes: Iterable[str]) -> Recipe:
    """Return a recipe with some values changed.

    Parameters
    ----------
    recipe
        What to start from.
    changes
        Each a place and its new value in TOML, such as ``segmenter.kind=otsu``, ``refinement.fill_holes=true`` or
        ``overlay.color=#00ff00``; quotes around a text may be left out. A new ``segmenter.method`` counts before
        all others, and starts as `start_with` says; a new ``overlay.kind`` starts with its defaults.

    Returns
    -------
    Recipe
        Checked like one from a file.

    Raises
    ------
    SegdeckError
        Naming the change that can't be made, and what is allowed.
    """
    table = recipe.model_dump(mode="json")
    for place, value in sorted(map(_part, changes), key=lambda change: _turn(change[0])):
        if place == _METHOD and value in list(METHODS) and value != table["segmenter"]["method"]:
            table = start_with(value).model_dump(mode="json") | {"title": table["title"]}
        else:
            _put(table, place, value)
    return _check(table)


def _part(change: str) -> tuple[str, Any]:
    """Return the place and the new value that a change names."""
    place, equals, value = (part.strip() for part in change.partition("="))
    if not equals or not place:
        raise SegdeckError(f"{quote(change)} is no change; one such as refinement.fill_holes=true is accepted.")
    return place, _toml_value(value)


def _turn(place: str) -> int:
    """Return when a change is made: what chooses options comes before the options."""
    return list(_CHOICES).index(place) if place in _CHOICES else len(_CHOICES)


def _put(table: dict[str, Any], place: str, value: Any) -> None:
    """Put a value into a recipe's table; where it chooses other options, these start with their defaults."""
    *way, name = place.split(".")
    inner: Any = table
    for step in way:
        key = _key(inner, step, place)
        inner = inner.setdefault(key, {}) if isinstance(inner, dict) else inner[key]
    key = _key(inner, name, place)
    if place in _CHOICES and inner.get(name) != value:
        inner.clear()
        chosen = _CHOICES[place].get(value) if isinstance(value, str) else None
        inner |= chosen.model_validate({name: value}).model_dump(mode="json") if chosen else {}
    inner[key] = value


def _key(inner: Any, step: str, place: str) -> str | int:
    """Return the key of a table's field or the index of a list's entry; a field that is new is refused later."""
    where = ".".join(map(place_name, place.split(".")))
    if isinstance(inner, dict):
        return step
    if not isinstance(inner, list):
        raise SegdeckError(f"{where}: there is no such field.")
    if re.fullmatch("[0-9]{1,6}", step) and int(step) < len(inner):
        return int(step)
    there = f"0 to {len(inner) - 1} are there" if inner else "it is an empty list"
    raise SegdeckError(f"{where}: there is no entry {quote(step)}; {there}.")


def _toml_value(text: str) -> Any:
    """Read a value as TOML; what is none is a text without its quotes."""
    try:
        table = parse_toml(f"value = {text}", "")
    except SegdeckError:
        return text
    return table["value"] if len(table) == 1 else text


@cache
def ready_recipes() -> dict[str, Recipe]:
    """Return the ready recipes by name, which is their file's name, in the order in which people are offered them."""
    entries = sorted(entry.name for entry in _READY.iterdir() if entry.name.endswith(".toml"))
    return {name[3:-5]: parse_recipe((_READY / name).read_text("utf-8")) for name in entries}


def start_with(method: str) -> Recipe:
    """Return what a newly chosen method starts with: the first ready recipe that uses it, for it shows it well.

    Parameters
    ----------
    method
        One of ``METHODS``.
    """
    ready = (recipe for recipe in ready_recipes().values() if recipe.segmenter.method == method)
    return next(ready, None) or Recipe(title=METHODS[method].title, segmenter=_defaults(method), overlay=Tint())


def _defaults(method: str) -> MethodOptions:
    return METHODS[method].model_validate({"method": method})


def load_recipe(name_or_path: str | Path) -> Recipe:
    """Load a ready recipe by its name, or any recipe from a file.

    Parameters
    ----------
    name_or_path
        A name that ``segdeck recipes list`` shows, or the path of a TOML file.

    Returns
    -------
    Recipe
        The recipe.

    Raises
    ------
    SegdeckError
        If there is none, or it holds a wrong value.
    """
    ready = ready_recipes()
    if str(name_or_path) in ready:
        return ready[str(name_or_path)]
    path = Path(name_or_path)
    if not exists(path):
        raise SegdeckError(f"There is no recipe or file {quote(path)}; {suggest(str(path), ready)}")
    return _check(read_toml(check_source(path), _CALLED))
