"""A visitor's clip on its way: kept, looked at, processed on a thread of its own, and forgotten."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pandas as pd
import streamlit as st

from pages.shared.desk.charts import thinned
from pages.shared.server import failures
from pages.shared.visitor.files import offer
from pages.shared.visitor.shelves import Arrival, Shelf
from segcore.errors import SegdeckError
from segcore.outputs.frame_table import FrameTable
from segcore.outputs.mask_video import MaskVideo
from segcore.outputs.object_table import ObjectTable
from segcore.outputs.result_video import ResultVideo
from segcore.recipe import Recipe
from segcore.segmentation import Image, Label
from segcore.video import JobProgress, VideoInfo, iterate_clip_in_worker, probe
from segcore.video.still import first_picture

_MOST_NOTES = 20


@dataclass(frozen=True)
class Clip:
    """An upload, kept in the visitor's folder, and what is in it."""

    name: str
    path: Path
    info: VideoInfo


@dataclass(frozen=True)
class Finished:
    """What a processed clip left: files in the visitor's folder, and a table for the charts.

    The table's index is the time in seconds. It has a column a label, in % of the frame, and a last one that counts
    the objects, where the recipe tells them apart. The notes are what who watches should know, each with the time in
    seconds of the first frame that it is said of.
    """

    path: Path
    mask: Path
    measures: Path
    objects: Path | None
    address: str
    table: pd.DataFrame
    labels: tuple[Label, ...]
    title: str
    frames: int
    seconds: float
    cut_off: bool
    notes: dict[str, float]


@dataclass
class ClipDesk:
    """What is kept of the visitor's clip beside its files. ``refused`` says why the last upload is no clip."""

    clip: Clip | None = None
    finished: Finished | None = None
    refused: str = ""


def keep(arrival: Arrival, shelf: Shelf) -> Clip:
    """Look at a file that has arrived, and make it the visitor's clip instead of the one before.

    Raises
    ------
    SegdeckError
        If it is no video or is over a limit; nothing is kept then.
    """
    try:
        info = probe(arrival.path)
    except SegdeckError:
        shelf.clear()
        raise
    shelf.clear(keep=[arrival.path])
    shelf.store.get(ClipDesk).clip = clip = Clip(arrival.name, arrival.path, info)
    return clip


@st.cache_data(scope="session", max_entries=1, show_spinner="Looking at the video …")
def first_frame(clip: Clip) -> Image:
    """Return the clip's first frame, (H, W, 3) uint8, BGR."""
    return first_picture(clip.path, clip.info)


class ClipJob:
    """A clip that is being processed, whatever its visitor looks at and whether the connection holds or not.

    Attributes
    ----------
    step
        The newest, or None before the first.
    still
        A frame as drawn, JPEG, not always the newest, or None before the first.
    finished
        What there is at the end, or None before that and where it was cancelled or failed.
    error
        Why there is nothing at the end, for the visitor.
    """

    def __init__(self, clip: Clip, recipe: Recipe, shelf: Shelf) -> None:
        self.step: JobProgress | None = None
        self.still: bytes | None = None
        self.finished: Finished | None = None
        self.error: SegdeckError | None = None
        self._cancelled = Event()
        self._thread = Thread(target=self._run, args=(clip, recipe, shelf.folder), name="segdeck-clip", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it still works."""
        return self._thread.is_alive()

    def cancel(self) -> None:
        """Stop it, and wait until it has tidied up."""
        self._cancelled.set()
        self._thread.join()

    def _run(self, clip: Clip, recipe: Recipe, folder: Path) -> None:
        try:
            self.finished = self._process(clip, recipe, folder)
        except Exception as error:
            self.error = failures.for_people(error)

    def _process(self, clip: Clip, recipe: Recipe, folder: Path) -> Finished | None:
        target, mask, measures, objects = (
            folder / name for name in ("result.mp4", "mask.mp4", "measures.csv", "objects.csv")
        )
        counted = recipe.segmenter.numbers_objects
        outputs = [ResultVideo(target), MaskVideo(mask), FrameTable(measures)]
        outputs += [ObjectTable(objects)] if counted else []
        notes: dict[str, float] = {}
        with closing(iterate_clip_in_worker(clip.path, outputs, recipe, info=clip.info)) as steps:
            for step in steps:
                if self._cancelled.is_set():
                    return None
                self.still = step.still or self.still
                if step.note and len(notes) < _MOST_NOTES:
                    notes.setdefault(step.note, step.time_s)
                self.step = step
        return Finished(
            target,
            mask,
            measures,
            objects if counted else None,
            offer(target),
            _read_measures(measures, step.labels, counted),
            step.labels,
            recipe.title,
            step.frames_done,
            step.elapsed_s,
            step.cut_off,
            notes,
        )


def _read_measures(path: Path, labels: tuple[Label, ...], counted: bool) -> pd.DataFrame:
    """Return as many rows of a job's measures as a chart shows; the file has them all."""
    table = pd.read_csv(path, index_col=0)
    table.columns = [*dict.fromkeys(label.name for label in labels), *(["objects"] if counted else [])]
    return thinned(table)


def start(shelf: Shelf, recipe: Recipe) -> None:
    """Begin to process the clip, unless a job is at work or the clip is gone."""
    clip = shelf.store.get(ClipDesk).clip
    if clip and not shelf.running:
        shelf.job = ClipJob(clip, recipe, shelf)
        shelf.keeps_longer = True


def newest_job(shelf: Shelf) -> ClipJob | None:
    """Return the job that processes the clip, or did and is not settled yet."""
    return shelf.job if isinstance(shelf.job, ClipJob) else None


def settle(shelf: Shelf) -> SegdeckError | None:
    """Take over what a job that has ended left, and return what went wrong, once."""
    job, shelf.job = newest_job(shelf), None
    if job and job.finished:
        shelf.store.get(ClipDesk).finished = job.finished
    return job.error if job else None


def cancel(shelf: Shelf) -> None:
    """Stop the job. What an earlier one left stays."""
    shelf.stop_job()
    shelf.keeps_longer = shelf.store.get(ClipDesk).finished is not None
