"""``segdeck evaluate``: a recipe's masks against the truth, in figures."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from segcore.cli.completion import offer_recipes
from segcore.errors import SegdeckError, quote
from segcore.evaluation.evaluate import LabelFigures, Tally, mean_figures
from segcore.evaluation.flicker import Flicker
from segcore.evaluation.truth import MASKS, PICTURES, LabelReader, files_by_name, fit, pair, read_mask, read_picture
from segcore.files.paths import check_source, exists
from segcore.picture.clip_frame import ClipFrame
from segcore.pipeline import Result, build_pipeline
from segcore.recipe import Recipe, load_recipe
from segcore.segmentation import Image, Plane, Segmentation
from segcore.video import probe
from segcore.video.reader import ClipReader

_FIGURES = {"iou": "IoU", "precision": "precision", "recall": "recall", "boundary_f": "boundary F, 3 px"}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One recipe's figures.

    Attributes
    ----------
    labels
        By the label's name.
    mean
        Over the labels.
    frame_ms
        The median time to split and refine a picture, in milliseconds, the first apart where there are more.
    flicker
        As `Flicker`; None for stills.
    """

    recipe: str
    pictures: int
    labels: dict[str, LabelFigures]
    mean: LabelFigures
    frame_ms: float
    flicker: float | None


class _Truth:
    """The masks, read once for all recipes."""

    def __init__(self, images: Path, masks: Path) -> None:
        self.clip = images.is_file() and images.suffix.lower() not in PICTURES
        self.images = images
        self.notes: list[str] = []
        self._fitted: set[str] = set()
        if self.clip:
            self.pairs: list[tuple[Path, Path]] = []
            self.masks = _numbered(masks)
        else:
            self.pairs, alone = pair(images, masks)
            self.masks = {number: mask for number, (_, mask) in enumerate(self.pairs)}
            if alone:
                self.notes.append(f"pictures without a mask, left out: {alone}")
        self.planes = {number: read_mask(path) for number, path in self.masks.items()}
        self.values = {int(value) for plane in self.planes.values() for value in np.unique(plane)}

    def plane(self, number: int, segmentation: Segmentation) -> Plane:
        """Return a picture's mask at the picture's size."""
        name, (height, width) = self.masks[number].name, segmentation.label_map.shape
        fitted = fit(self.planes[number], height, width, name)
        if fitted is not self.planes[number]:
            self._fitted.add(name)
        return fitted

    def all_notes(self) -> list[str]:
        """Return what should be known about the masks."""
        off = len(self._fitted)
        return [*self.notes, *([f"masks a pixel or two off in size, fitted: {off}"] if off else [])]


def evaluate(
    images: Annotated[Path, typer.Argument(metavar="IMAGES", help="A picture, a folder of them, or a video.")],
    masks: Annotated[
        Path,
        typer.Argument(
            metavar="MASKS",
            help="A mask (PNG, BMP) or a folder of them, named as the pictures; "
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

    IoU, precision and recall come from the pixels of all pictures together, the boundary F from each picture. A video
    also has its flicker: one minus the mean IoU of neighbouring masks, the earlier moved along by optical flow.
    """
    for path in (images, masks):
        if not exists(path):
            raise SegdeckError(f"There is no file or folder {quote(path)}.")
        if not path.is_dir():
            check_source(path)
    chosen = [(name, load_recipe(name)) for name in recipe]
    truth = _Truth(images, masks)
    done = [_evaluate(name, one, truth, label) for name, one in chosen]
    notes = list(dict.fromkeys(truth.all_notes()))
    if as_json:
        print(json.dumps({"recipes": [_jsonable(one) for one in done], "notes": notes}, indent=2))
        return
    Console().print(_table(done))
    for note in notes:
        print(f"Note: {note}.", file=sys.stderr)


def _evaluate(name: str, recipe: Recipe, truth: _Truth, label: str | None) -> Evaluation:
    tally, flicker, times = Tally(), Flicker(), []
    pictures = judged = 0
    reader: LabelReader | None = None
    names: tuple[str, ...] = ()
    for number, image, result in _clip(recipe, truth) if truth.clip else _stills(recipe, truth):
        pictures += 1
        times.append(result.timings_ms["segment"] + result.timings_ms["refine"])
        found = result.segmentation.label_map
        if reader is None:
            names = tuple(one.name for one in result.segmentation.labels)
            reader = LabelReader(truth.values, names, label)
            if reader.note:
                truth.notes.append(reader.note)
        if reader.chosen:
            found = np.where(found == reader.chosen, found, np.uint8(0))
        if truth.clip:
            flicker.add(image, found)
        if number in truth.masks:
            judged += 1
            tally.add(found, reader(truth.plane(number, result.segmentation)))
    if not judged:
        raise SegdeckError(f"No mask has the number of a frame; this video has frames 0 to {pictures - 1}.")
    figures = tally.figures()
    labels = {names[value - 1]: one for value, one in figures.items()}
    frame_ms = median(times[1:] or times)
    steady = flicker.value() if truth.clip else None
    return Evaluation(Path(name).stem, pictures, labels, mean_figures(figures), frame_ms, steady)


def _stills(recipe: Recipe, truth: _Truth) -> Iterator[tuple[int, Image, Result]]:
    """Split every picture by itself: none remembers the one before."""
    for number, (path, _) in enumerate(truth.pairs):
        image = read_picture(path)
        if number == 0:
            build_pipeline(recipe)(image)  # whatever runs for the first time takes longer
        yield number, image, build_pipeline(recipe)(image)


def _clip(recipe: Recipe, truth: _Truth) -> Iterator[tuple[int, Image, Result]]:
    """Split a video's frames, one after the other."""
    pipeline = build_pipeline(recipe)
    with ClipReader(truth.images, probe(truth.images)) as reader:
        pictures = (item for item in reader.items() if isinstance(item, ClipFrame))
        for number, picture in enumerate(pictures):
            yield number, picture.canvas.bgr(), pipeline.on_canvas(picture.canvas)


def _numbered(masks: Path) -> dict[int, Path]:
    """Return a folder's masks by the number of their frame."""
    if not masks.is_dir():
        raise SegdeckError("A video's masks must be in a folder, each named by the number of its frame, from 0 on.")
    numbered = {int(name): path for name, path in files_by_name(masks, MASKS).items() if name.isdecimal()}
    if not numbered:
        raise SegdeckError("No mask in this folder is named by the number of a frame, such as 00000.png.")
    return numbered


def _table(evaluations: list[Evaluation]) -> Table:
    """Return a row for each label and, where there are several, one for their mean."""
    clip = any(one.flicker is not None for one in evaluations)
    table = Table("recipe", "label", *_FIGURES.values(), "ms a frame", *(["flicker"] if clip else []))
    for one in evaluations:
        rows = list(one.labels.items())
        if len(rows) != 1:
            rows.append(("mean", one.mean))
        whole = [f"{one.frame_ms:.1f}", *([f"{one.flicker:.4f}"] if one.flicker is not None else [])]
        for number, (name, figures) in enumerate(rows):
            values = [f"{getattr(figures, key):.3f}" for key in _FIGURES]
            table.add_row("" if number else escape(one.recipe), escape(name), *values, *([] if number else whole))
    return table


def _jsonable(evaluation: Evaluation) -> dict[str, Any]:
    """Return figures as JSON has them; stills have no flicker."""
    return {name: value for name, value in asdict(evaluation).items() if value is not None}
