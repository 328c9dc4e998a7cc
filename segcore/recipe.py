"""A recipe: everything that decides what a frame turns into. TOML in, TOML out."""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import tomli_w
from pydantic import Field, SerializeAsAny, ValidationError

from segcore.errors import SegdeckError
from segcore.methods import METHODS, MethodOptions
from segcore.options import Options, chosen_by, explain
from segcore.overlay import OVERLAYS, Overlay
from segcore.refinement import Refinement

_READY = files("segcore") / "recipes"


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


@cache
def ready_recipes() -> dict[str, Recipe]:
    """Return the ready recipes by name, which is their file's name, in the order in which people are offered them."""
    entries = sorted(entry.name for entry in _READY.iterdir() if entry.name.endswith(".toml"))
    return {name[3:-5]: parse_recipe((_READY / name).read_text("utf-8")) for name in entries}


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
