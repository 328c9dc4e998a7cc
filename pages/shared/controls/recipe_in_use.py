"""The visitor's recipe: the same on every page."""

from dataclasses import dataclass, field

from pages.shared.visitor.session import session
from segcore.recipe import Recipe, ready_recipes


def _first_ready() -> Recipe:
    return next(iter(ready_recipes().values()))


@dataclass
class RecipeInUse:
    """A recipe, and what it began as.

    Attributes
    ----------
    start
        The ready or opened recipe that the controls began with.
    now
        As the controls and what was drawn have made it.
    round
        Counts the starts. It is in the keys of the controls, so that they begin anew with each.
    drawings
        Counts what was drawn on an image: with each drawing the sliders of the box begin anew.
    refused
        Why the last file that was opened is no recipe, in one sentence.
    """

    start: Recipe = field(default_factory=_first_ready)
    now: Recipe = field(init=False)
    round: int = 0
    drawings: int = 0
    refused: str = ""

    def __post_init__(self) -> None:
        self.now = self.start

    def start_from(self, recipe: Recipe) -> None:
        """Take a recipe as the new start: the controls begin anew with its values."""
        self.start = self.now = recipe
        self.round += 1


def recipe_in_use() -> RecipeInUse:
    """Return the recipe of whom this script runs for."""
    return session().get(RecipeInUse)
