"""A visitor's clip on its way: kept, looked at, processed with progress, and forgotten."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages.shared.files import workspace
from pages.shared.show import smaller
from segcore.errors import SegdeckError
from segcore.recipe import Recipe
from segcore.segmentation import Image, Label
from segcore.settings import describe_seconds
from segcore.video import VideoInfo, probe, process_video
from segcore.video.reader import ClipReader, Picture

_SHOW_EVERY_S = 0.4


@dataclass(frozen=True)
class Clip:
    """An upload, kept in the visitor's folder, and what is in it."""

    upload_id: str
    name: str
    path: Path
    info: VideoInfo


@dataclass(frozen=True)
class Finished:
    """What a processed clip left: files in the visitor's folder, and tables with a row a picture.

    The tables' index is the time in seconds. The columns of the first are the labels, in % of the picture; the second
    counts the objects, where the recipe tells them apart. The notes are what who
    watches should know, each with the time in seconds of the first picture that it is said of.
    """

    path: Path
    mask: Path
    figures: Path
    objects: Path | None
    address: str
    table: pd.DataFrame
    counts: pd.Series | None
    labels: tuple[Label, ...]
    title: str
    seconds: float
    cut_off: bool
    notes: dict[str, float]


def keep(upload: UploadedFile) -> Clip:
    """Write an upload to the visitor's folder, unless it is there already, and look at it.

    Raises
    ------
    SegdeckError
        If it is no video, is over a limit or can't be written; nothing of it is kept then.
    """
    kept: Clip | None = st.session_state.get("clip")
    if kept and kept.upload_id == upload.file_id and kept.path.is_file():
        return kept
    forget()
    path = workspace().folder / f"upload{Path(upload.name).suffix.lower()}"
    try:
        path.write_bytes(upload.getbuffer())
        st.session_state["clip"] = Clip(upload.file_id, upload.name, path, probe(path))
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise SegdeckError(f"The video could not be kept: {error.strerror}.") from error
        raise
    return st.session_state["clip"]


def forget() -> None:
    """Remove the clip and all that was made from it."""
    cancel()
    if st.session_state.pop("clip", None):
        workspace().clear()
    st.session_state.pop("clip_finished", None)


def start() -> None:
    """Ask for the clip to be processed. It holds until the end or `cancel`, whatever makes the page run anew."""
    st.session_state["clip_running"] = True


def cancel() -> None:
    """Ask for no more processing, and wait until what was under way has tidied up."""
    if st.session_state.pop("clip_running", None):
        with workspace().one_job():
            pass


def leave() -> None:
    """Cancel, if there is something to cancel, and have the visitor told on coming back."""
    if st.session_state.get("clip_running"):
        cancel()
        st.session_state["clip_note"] = "Processing was cancelled when you left this page."


@st.cache_data(scope="session", max_entries=1, show_spinner="Looking at the video …")
def first_picture(clip: Clip) -> Image | None:
    """Return the clip's first picture, (H, W, 3) uint8, BGR, or None where there is none that can be read."""
    with ClipReader(clip.path, clip.info) as reader, closing(reader.items()) as items:
        return next((item.canvas.bgr() for item in items if isinstance(item, Picture)), None)


def process(clip: Clip, recipe: Recipe) -> Finished:
    """Process the clip, showing how far it is.

    Streamlit ends this run of the script when something is clicked or the page is left; that closes the job, and the
    job leaves nothing behind.

    Raises
    ------
    SegdeckError
        If it can't be done.
    """
    target, mask, figures, objects = (
        workspace().folder / name for name in ("result.mp4", "mask.mp4", "figures.csv", "objects.csv")
    )
    extra = {"mask": mask, "measures": figures, "objects": objects if recipe.segmenter.numbers_objects else None}
    bar, still = st.progress(0.0, "Starting …"), st.empty()
    times_s, rows, counts, notes, shown_s = [], [], [], {}, -_SHOW_EVERY_S
    with (
        workspace().one_job(),
        closing(process_video(clip.path, target, recipe, info=clip.info, **extra)) as job,
    ):
        for step in job:
            times_s.append(step.time_s)
            rows.append(step.measures.coverage_percent)
            counts.append(step.result.count_objects())
            if note := step.result.segmentation.note:
                notes.setdefault(note, step.time_s)
            if step.elapsed_s - shown_s < _SHOW_EVERY_S:
                continue
            shown_s = step.elapsed_s
            left = describe_seconds(round(step.left_s))
            bar.progress(
                step.share,
                f"{step.frames_done} of {step.frames_expected} pictures · {step.rate_fps:.0f} a second · {left} left",
            )
            still.image(smaller(step.still()), alt="The newest picture", channels="BGR", output_format="JPEG")
    return Finished(
        target,
        mask,
        figures,
        extra["objects"],
        workspace().offer(target),
        pd.DataFrame(rows[:-1], times_s[:-1]),  # the last step only says that all is written
        pd.Series(counts[:-1], times_s[:-1]) if extra["objects"] else None,
        step.result.segmentation.labels,
        recipe.title,
        step.elapsed_s,
        step.cut_off,
        notes,
    )
