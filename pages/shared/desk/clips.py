"""A visitor's clip on its way: kept, looked at, processed on a thread of its own, and forgotten."""

import logging
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pandas as pd
import streamlit as st

from pages.shared.desk.show import thinned
from pages.shared.visitor.files import offer
from pages.shared.visitor.visits import Arrival, Shelf
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

    The table's index is the time in seconds. It has a column a label, in % of the picture, and a last one that counts
    the objects, where the recipe tells them apart. The notes are what who watches should know, each with the time in
    seconds of the first picture that it is said of.
    """

    path: Path
    mask: Path
    figures: Path
    objects: Path | None
    address: str
    table: pd.DataFrame
    labels: tuple[Label, ...]
    title: str
    pictures: int
    seconds: float
    cut_off: bool
    notes: dict[str, float]


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
    shelf.things["clip"] = clip = Clip(arrival.name, arrival.path, info)
    return clip


@st.cache_data(scope="session", max_entries=1, show_spinner="Looking at the video …")
def shown_first(clip: Clip) -> Image:
    """Return the clip's first picture, (H, W, 3) uint8, BGR."""
    return first_picture(clip.path, clip.info)


class ClipJob:
    """A clip that is being processed, whatever its visitor looks at and whether the connection holds or not.

    Attributes
    ----------
    step
        The newest, or None before the first.
    still
        A picture as drawn, JPEG, not always the newest, or None before the first.
    finished
        What there is at the end, or None before that and where it was cancelled or failed.
    error
        Why there is nothing at the end, in one sentence.
    """

    def __init__(self, clip: Clip, recipe: Recipe, shelf: Shelf) -> None:
        self.step: JobProgress | None = None
        self.still: bytes | None = None
        self.finished: Finished | None = None
        self.error: str | None = None
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
        except SegdeckError as error:
            self.error = str(error)
        except Exception:
            logging.getLogger(__name__).exception("A video could not be processed")
            self.error = "Something went wrong with this video; whoever runs this Segdeck finds the details in its log."

    def _process(self, clip: Clip, recipe: Recipe, folder: Path) -> Finished | None:
        target, mask, figures, objects = (
            folder / name for name in ("result.mp4", "mask.mp4", "figures.csv", "objects.csv")
        )
        counted = recipe.segmenter.numbers_objects
        outputs = [ResultVideo(target), MaskVideo(mask), FrameTable(figures)]
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
            figures,
            objects if counted else None,
            offer(target),
            _read_figures(figures, step.labels, counted),
            step.labels,
            recipe.title,
            step.frames_done,
            step.elapsed_s,
            step.cut_off,
            notes,
        )


def _read_figures(path: Path, labels: tuple[Label, ...], counted: bool) -> pd.DataFrame:
    """Return as much of a job's figures as a chart shows; the file has them all."""
    table = pd.read_csv(path, index_col=0)
    table.columns = [*dict.fromkeys(label.name for label in labels), *(["objects"] if counted else [])]
    return thinned(table)


def start(shelf: Shelf, recipe: Recipe) -> None:
    """Begin to process the clip, unless a job is at work or the clip is gone."""
    clip = shelf.things.get("clip")
    if clip and not shelf.running:
        shelf.job = ClipJob(clip, recipe, shelf)
        shelf.keeps_longer = True


def settle(shelf: Shelf) -> str | None:
    """Take over what a job that has ended left, and return what went wrong, once."""
    job, shelf.job = shelf.job, None
    if job and job.finished:
        shelf.things["finished"] = job.finished
    return job and job.error


def cancel(shelf: Shelf) -> None:
    """Stop the job. What an earlier one left stays."""
    shelf.stop_job()
    shelf.keeps_longer = "finished" in shelf.things
