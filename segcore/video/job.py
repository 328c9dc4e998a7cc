"""Processing a clip in a worker: only progress and stills come back, and a decoder that dies costs that clip alone."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import cv2

from segcore.files.parts import remove_stale_parts
from segcore.outputs import OUTPUTS, Output
from segcore.picture.scaling import fit_within
from segcore.processes.worker import Limits, Message, ask
from segcore.recipe import Recipe
from segcore.segmentation import Image, Label
from segcore.video.probe import VideoInfo, probe_here
from segcore.video.process import as_outputs, iterate_clip
from segcore.video.progress import Progress, Steps

_LIMITS = Limits(memory_bytes=6 << 30, silence_s=30)
_FAILED = (
    "This video could not be processed: reading it failed, or took more memory or time than is given to it; "
    "save it again as an H.264 MP4 and try once more."
)
_STILL_EVERY_S = 0.4
_STILL_PX = 1280, 1280  # width and height
_COUNTED = [field.name for field in fields(Steps)]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress(Steps):
    """How far a clip is.

    Attributes
    ----------
    coverage_percent
        Of the newest frame, by label.
    objects
        How many there are in it; None where the recipe does not tell objects apart.
    note
        What who watches should know of it; empty if all is well.
    labels
        All that the recipe knows.
    still
        The newest frame as drawn, a JPEG of at most 1280 pixels a side; None with most steps.
    """

    coverage_percent: Mapping[str, float]
    objects: int | None
    note: str
    labels: tuple[Label, ...]
    still: bytes | None


def iterate_clip_in_worker(
    source: Path, outputs: Path | Sequence[Output], recipe: Recipe, *, info: VideoInfo | None = None
) -> Generator[JobProgress]:
    """Process a clip as `iterate_clip` does, in a process of its own with limits on time and memory.

    Closing the generator ends the worker at once. However it ends before its end, nothing is left behind.

    Parameters
    ----------
    source, outputs, recipe, info
        As in `iterate_clip`, but only those of ``OUTPUTS``, for the worker is told their names and paths.

    Yields
    ------
    JobProgress
        After each frame. After the last one it comes once more, when all files are whole.

    Raises
    ------
    SegdeckError
        As `iterate_clip`, or if the worker was ended by a limit or by the clip.
    """
    outputs = as_outputs(outputs)
    question = {
        "source": str(source),
        "outputs": [(output.name, str(output.path)) for output in outputs],
        "recipe": recipe.model_dump(mode="json"),
        "info": asdict(info) if info else None,
    }
    try:
        with closing(ask("segcore.video.job:answer", question, _LIMITS, _FAILED)) as answers:
            for values, still in answers:
                labels = tuple(Label(name, tuple(color)) for name, color in values.pop("labels"))
                yield JobProgress(**values, labels=labels, still=still or None)
    finally:  # of a worker that was ended
        for folder in {output.path.parent for output in outputs}:
            if folder.is_dir():
                remove_stale_parts(folder)


def answer(
    source: str, outputs: Sequence[tuple[str, str]], recipe: Mapping[str, Any], info: Mapping[str, Any] | None
) -> Iterator[Message]:
    """Do the work of `iterate_clip_in_worker`, in a worker."""
    wanted = [OUTPUTS[name](path) for name, path in outputs]
    found = VideoInfo(**info) if info else probe_here(Path(source))
    shown_s = -_STILL_EVERY_S
    for step in iterate_clip(source, wanted, Recipe.model_validate(recipe), info=found):
        still = b""
        if step.elapsed_s - shown_s >= _STILL_EVERY_S:
            shown_s = step.elapsed_s
            still = _jpeg(step.still())
        yield _values(step), still


def _values(step: Progress) -> dict[str, Any]:
    return {
        **{name: getattr(step, name) for name in _COUNTED},
        "coverage_percent": step.measures.coverage_percent,
        "objects": step.result.count_objects(),
        "note": step.result.segmentation.note,
        "labels": [(label.name, label.color) for label in step.result.segmentation.labels],
    }


def _jpeg(image: Image) -> bytes:
    return cv2.imencode(".jpg", fit_within(image, *_STILL_PX))[1].tobytes()
