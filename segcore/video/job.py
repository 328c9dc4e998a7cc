"""Processing a clip in a worker: only progress and stills come back, and a decoder that dies costs that clip alone."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import cv2

from segcore.files.parts import remove_stale_parts
from segcore.picture.scaling import fit_within
from segcore.processes.worker import Limits, Message, ask
from segcore.recipe import Recipe
from segcore.segmentation import Image, Label
from segcore.video.probe import VideoInfo, probe_here
from segcore.video.process import Progress, Steps, process_video

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
        Of the newest picture, by label.
    objects
        How many there are in it; None where the recipe does not tell objects apart.
    note
        What who watches should know of it; empty if all is well.
    labels
        All that the recipe knows.
    still
        The newest picture as drawn, a JPEG of at most 1280 pixels a side; None with most steps.
    """

    coverage_percent: Mapping[str, float]
    objects: int | None
    note: str
    labels: tuple[Label, ...]
    still: bytes | None


def process_in_worker(
    source: Path, target: Path, recipe: Recipe, *, info: VideoInfo | None = None, **extra: Path | None
) -> Generator[JobProgress]:
    """Process a clip as `process_video` does, in a process of its own with limits on time and memory.

    Closing the generator ends the worker at once. However it ends before its end, nothing is left behind.

    Parameters
    ----------
    source, target, recipe, info
        As in `process_video`; a clip of which nothing is known yet is looked at first.
    **extra
        Its ``mask``, ``measures`` and ``objects``.

    Yields
    ------
    JobProgress
        After each picture. After the last one it comes once more, when all files are whole.

    Raises
    ------
    SegdeckError
        As `process_video`, or if the worker was ended by a limit or by the clip.
    """
    paths = {name: path for name, path in {"source": source, "target": target, **extra}.items() if path}
    question = {
        "recipe": recipe.model_dump(mode="json"),
        "info": asdict(info) if info else None,
        **{name: str(path) for name, path in paths.items()},
    }
    try:
        with closing(ask("segcore.video.job:answer", question, _LIMITS, _FAILED)) as answers:
            for values, still in answers:
                labels = tuple(Label(name, tuple(color)) for name, color in values.pop("labels"))
                yield JobProgress(**values, labels=labels, still=still or None)
    finally:  # of a worker that was ended
        for folder in {path.parent for name, path in paths.items() if name != "source"}:
            if folder.is_dir():
                remove_stale_parts(folder)


def answer(
    source: str, target: str, recipe: Mapping[str, Any], info: Mapping[str, Any] | None, **extra: str
) -> Iterator[Message]:
    """Do the work of `process_in_worker`, in a worker."""
    found = VideoInfo(**info) if info else probe_here(Path(source))
    shown_s = -_STILL_EVERY_S
    for step in process_video(source, target, Recipe.model_validate(recipe), info=found, **extra):
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
