"""Running recipes over images or a clip of which the truth is known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from segcore.errors import SegdeckError
from segcore.evaluation.flicker import Flicker
from segcore.evaluation.mask_files import LabelReader
from segcore.evaluation.metrics import LabelMetrics, Tally, mean_metrics
from segcore.evaluation.truth import Truth, read_image
from segcore.picture.clip_frame import ClipFrame
from segcore.pipeline import Result, build_pipeline
from segcore.recipe import Recipe
from segcore.segmentation import Image
from segcore.video import probe
from segcore.video.reader import ClipReader


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One recipe's metrics.

    Attributes
    ----------
    recipe
        Its name.
    pictures
        How many images or frames it ran over.
    labels
        By the label's name.
    mean
        Over the labels.
    frame_ms
        The median time to segment and refine an image, in milliseconds, the first apart where there are more.
    flicker
        As `Flicker`; None for stills.
    """

    recipe: str
    pictures: int
    labels: dict[str, LabelMetrics]
    mean: LabelMetrics
    frame_ms: float
    flicker: float | None


def evaluate(
    recipes: Sequence[tuple[str, Recipe]], images: Path, masks: Path, label: str | None = None
) -> tuple[list[Evaluation], list[str]]:
    """Compare the masks of recipes with the truth.

    Parameters
    ----------
    recipes
        Each with its name.
    images, masks
        As in `Truth`.
    label
        The label that the masks stand for, as in `LabelReader`: only it is judged then.

    Returns
    -------
    tuple
        Each recipe's metrics, and what should be known about how the masks were read.

    Raises
    ------
    SegdeckError
        If images and masks do not go together, one can't be read, or no mask fits the labels.
    """
    truth = Truth(images, masks)
    notes = truth.missing_note()
    done = [_evaluate(name, recipe, truth, label, notes) for name, recipe in recipes]
    return done, list(dict.fromkeys([*notes, *truth.fitted_note()]))


def _evaluate(name: str, recipe: Recipe, truth: Truth, label: str | None, notes: list[str]) -> Evaluation:
    """Run one recipe, and add to the notes how the masks were read for it."""
    tally, flicker, times = Tally(), Flicker(), []
    judged = 0
    reader: LabelReader | None = None
    names: tuple[str, ...] = ()
    for number, image, result in _frames(recipe, truth) if truth.is_clip else _stills(recipe, truth):
        times.append(result.timings_ms["segment"] + result.timings_ms["refine"])
        found = result.segmentation.label_map
        if reader is None:
            names = tuple(one.name for one in result.segmentation.labels)
            reader = LabelReader(truth.values, names, label)
            if reader.note:
                notes.append(reader.note)
        if reader.chosen:
            found = np.where(found == reader.chosen, found, np.uint8(0))
        if truth.is_clip:
            flicker.add(image, found)
        if number in truth.masks:
            judged += 1
            tally.add(found, reader(truth.mask(number, *found.shape)))
    if not judged:
        raise SegdeckError(f"No mask has the number of a frame; this video has frames 0 to {len(times) - 1}.")
    metrics = tally.metrics()
    return Evaluation(
        recipe=name,
        pictures=len(times),
        labels={names[value - 1]: one for value, one in metrics.items()},
        mean=mean_metrics(metrics),
        frame_ms=median(times[1:] or times),
        flicker=flicker.value() if truth.is_clip else None,
    )


def _stills(recipe: Recipe, truth: Truth) -> Iterator[tuple[int, Image, Result]]:
    """Segment every image by itself: none remembers the one before."""
    for number, (path, _) in enumerate(truth.pairs):
        image = read_image(path)
        if number == 0:
            build_pipeline(recipe)(image)  # whatever runs for the first time takes longer
        yield number, image, build_pipeline(recipe)(image)


def _frames(recipe: Recipe, truth: Truth) -> Iterator[tuple[int, Image, Result]]:
    """Segment a clip's frames, one after the other."""
    pipeline = build_pipeline(recipe)
    with ClipReader(truth.source, probe(truth.source)) as reader:
        frames = (item for item in reader.items() if isinstance(item, ClipFrame))
        for number, frame in enumerate(frames):
            yield number, frame.canvas.bgr(), pipeline.on_canvas(frame.canvas)
