"""``segdeck options``: every option of a recipe, from the same fields as the page's controls."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from segcore.errors import SegdeckError, quote, suggest
from segcore.methods import METHODS
from segcore.options import Options, bounds, is_choice
from segcore.overlays import OVERLAYS
from segcore.refinement import Refinement

SETS: dict[str, type[Options]] = {
    **{f"segmenter.{name}": options for name, options in METHODS.items()},
    "refinement": Refinement,
    **{f"overlay.{name}": options for name, options in OVERLAYS.items()},
}
"""Every set of options by its part of the recipe and what chooses it."""


def show_options(
    name: Annotated[
        str,
        typer.Argument(
            help="Such as segmenter.threshold or refinement; all of them if left out.",
            autocompletion=lambda: list(SETS),
        ),
    ] = "",
) -> None:
    """Show what can be set in a recipe, and with --set: its place, what it accepts, its default, what it does."""
    if name and name not in SETS:
        raise SegdeckError(f"There are no options {quote(name)}; {suggest(name, SETS)}")
    console = Console()
    for one in [name] if name else SETS:
        part, _, choice = one.partition(".")
        fields = {key: field for key, field in SETS[one].model_fields.items() if not is_choice(field)}
        chosen_by = "kind" if part == "overlay" else "method"
        heading = f"--set {part}.{chosen_by}={choice}" if choice else part
        table = Table(title=heading, title_justify="left", box=SIMPLE)
        table.add_column("place", no_wrap=True)
        for column in ("accepts", "default", "what it does"):
            table.add_column(column, overflow="fold")
        for key, field in fields.items():
            table.add_row(f"{part}.{key}", _accepts(field), _default(field), _help(field))
        if fields:
            console.print(table)
        else:
            console.print(f"[italic]{heading}[/italic]\nIt has no options.")


def _accepts(field: FieldInfo) -> str:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    if both := bounds(field):
        return f"{both[0]:g} to {both[1]:g} {extra.get('unit', '')}".strip()
    if get_origin(field.annotation) is Literal:
        return ", ".join(get_args(field.annotation))
    if field.annotation is bool:
        return "true, false"
    return "text" if field.annotation is str else "see a saved recipe"


def _default(field: FieldInfo) -> str:
    default: Any = field.get_default(call_default_factory=True)
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, int | float):
        return f"{default:g}"
    return default if isinstance(default, str) else ""


def _help(field: FieldInfo) -> str:
    extra: Any = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    conditions = [f"{name} is {_either(values)}" for name, values in extra.get("only_if", {}).items()]
    only = f" Only where {' and '.join(conditions)}." if conditions else ""
    return (field.description or "") + only


def _either(values: Iterable[object]) -> str:
    return " or ".join(str(value).lower() for value in values)
