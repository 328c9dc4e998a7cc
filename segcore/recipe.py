"""A recipe: everything that decides what a frame turns into. TOML in, TOML out."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import Field, SerializeAsAny, ValidationError

from segcore.errors import SegdeckError
from segcore.methods import METHODS, MethodOptions
from segcore.options import Options, chosen_by, explain
from segcore.overlay import OVERLAYS, Overlay, Tint
from segcore.refinement import Refinement

_READY = files("segcore") / "recipes"
_METHOD = "segmenter.method"
_CHOSEN_BY = {"segmenter": "method", "segmenter.source": "method", "overlay": "kind"}


class Recipe(Options):
    """What a frame turns into: how it is split, how that is refined, and what is drawn from it."""

    title: str = Field(min_length=1, max_length=60, description="Its name, as people see it.")
    summary: str = Field(default="", max_length=200, description="One sentence on what it does.")
    icon: str = Field(default="", max_length=40, description="The name of a Material symbol.")
    segmenter: Annotated[SerializeAsAny[MethodOptions], chosen_by("method", METHODS)]
    refinement: Refinement = Refinement()
    overlay: Annotated[SerializeAsAny[Overlay], chosen_by("kind", OVERLAYS)]

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
    try:
        return Recipe.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise explain(error) from None
    except (ValueError, RecursionError) as error:  # also for a number or a nesting without end
        raise SegdeckError(f"This recipe is not valid TOML: {error}.") from None


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
    for change in sorted(changes, key=lambda one: one.partition("=")[0].strip() != _METHOD):
        path, equals, value = change.partition("=")
        *way, name = path.strip().split(".")
        if not equals or not name:
            raise SegdeckError(f"{change!r} is no change; one such as refinement.fill_holes=true is accepted.")
        inner = table
        for step in way:
            inner = inner.get(step, {})
            if not isinstance(inner, dict):
                raise SegdeckError(f"{path.strip()}: there is no such field.")
        new = _toml_value(value.strip())
        if path.strip() == _METHOD and new in METHODS and new != inner.get(name):
            table = start_with(new).model_dump(mode="json") | {"title": table["title"]}
            continue
        if name == _CHOSEN_BY.get(".".join(way)) and inner.get(name) != new:
            inner.clear()
        inner[name] = new
    try:
        return Recipe.model_validate(table)
    except ValidationError as error:
        raise explain(error) from None


def _toml_value(text: str) -> Any:
    """Read a value as TOML; what is none is a text without its quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


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
    if not path.is_file():
        raise SegdeckError(f"There is no recipe {str(name_or_path)!r}; name a file or one of {', '.join(ready)}.")
    try:
        return parse_recipe(path.read_text("utf-8"))
    except UnicodeDecodeError:
        raise SegdeckError("This recipe is not a text file; TOML in UTF-8 is accepted.") from None
