"""``segdeck evaluate``: a recipe's masks against the truth, printed."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from segcore.cli.completion import offer_recipes
from segcore.errors import SegdeckError, quote
from segcore.evaluation import run
from segcore.evaluation.run import Evaluation
from segcore.files.paths import check_source, exists
from segcore.recipe import load_recipe

_METRICS = {"iou": "IoU", "precision": "precision", "recall": "recall", "boundary_f": "boundary F, 3 px"}


def evaluate(
    images: Annotated[Path, typer.Argument(metavar="IMAGES", help="An image, a folder of them, or a video.")],
    masks: Annotated[
        Path,
        typer.Argument(
            metavar="MASKS",
            help="A mask (PNG, BMP) or a folder of them, named as the images; "
            "for a video, a folder of masks named by the frame's number from 0 on.",
        ),
    ],
    recipe: Annotated[
        list[str],
        typer.Option(
            "--recipe", help="A ready recipe's name, or a TOML file. Repeatable.", autocompletion=offer_recipes
        ),
    ],
    label: Annotated[
        str | None,
        typer.Option(
            help="Which of the recipe's labels the masks stand for: then any value but 0 is it, and only it is judged. "
            "Without it values are the labels' numbers, or 10 times these; where a recipe has one label, it is that."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare a recipe's masks with the truth.

    IoU, precision and recall come from the pixels of all images together, the boundary F from each image. A video
    also has its flicker: one minus the mean IoU of neighbouring masks, the earlier moved along by optical flow.
    """
    for path in (images, masks):
        if not exists(path):
            raise SegdeckError(f"There is no file or folder {quote(path)}.")
        if not path.is_dir():
            check_source(path)
    recipes = [(Path(name).stem, load_recipe(name)) for name in recipe]
    done, notes = run.evaluate(recipes, images, masks, label)
    if as_json:
        print(json.dumps({"recipes": [_jsonable(one) for one in done], "notes": notes}, indent=2))
        return
    Console().print(_table(done))
    for note in notes:
        print(f"Note: {note}.", file=sys.stderr)


def _table(evaluations: list[Evaluation]) -> Table:
    """Return a row for each label and, where there are several, one for their mean."""
    clip = any(one.flicker is not None for one in evaluations)
    table = Table("recipe", "label", *_METRICS.values(), "ms a frame", *(["flicker"] if clip else []))
    for one in evaluations:
        rows = list(one.labels.items())
        if len(rows) != 1:
            rows.append(("mean", one.mean))
        whole = [f"{one.frame_ms:.1f}", *([f"{one.flicker:.4f}"] if one.flicker is not None else [])]
        for number, (name, metrics) in enumerate(rows):
            values = [f"{getattr(metrics, key):.3f}" for key in _METRICS]
            table.add_row("" if number else escape(one.recipe), escape(name), *values, *([] if number else whole))
    return table


def _jsonable(evaluation: Evaluation) -> dict[str, Any]:
    """Return metrics as JSON has them; stills have no flicker."""
    return {name: value for name, value in asdict(evaluation).items() if value is not None}
