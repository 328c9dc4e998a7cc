"""The Video page: a clip in, the finished clip out, with its sound."""

from base64 import b64encode

import streamlit as st

from pages.shared.controls.recipe_in_use import recipe_in_use
from pages.shared.controls.recipe_picker import pick_recipe
from pages.shared.desk.clips import Clip, ClipDesk, ClipJob, cancel, first_frame, keep, newest_job, settle, start
from pages.shared.desk.finished_clip import show_finished
from pages.shared.desk.show import kept_row, smaller
from pages.shared.drawing.surface import draw_marks, works_on_marks
from pages.shared.plain_text import plain
from pages.shared.server import failures
from pages.shared.visitor.shelves import Accepts, Shelf
from pages.shared.visitor.uploads import upload_box
from pages.shared.visitor.visits import shelf
from segcore.pipeline import build_pipeline
from segcore.settings import describe_seconds, settings

_ENDINGS = ("mp4", "mov", "m4v", "webm", "mkv", "avi")
_SHOW_EVERY_S = 0.5


def take_clip(mine: Shelf) -> Clip | None:
    """Show where to upload a clip, and return the one that is here."""
    limits = settings()
    arrived = upload_box(
        "clip",
        f"MP4, MOV, WebM, MKV or AVI, at most {limits.max_upload_mb} MB, {limits.max_width_px}x{limits.max_height_px} "
        f"pixels and {describe_seconds(limits.max_length_s)}",
        Accepts(_ENDINGS, limits.max_upload_mb),
    )
    if arrived:
        with st.spinner("Looking at the video …"):  # its end may be the end of this run: what it found is kept by then
            try:
                keep(arrived[-1], mine)
            except Exception as error:
                mine.store.get(ClipDesk).refused = failures.in_words(error)
    desk = mine.store.get(ClipDesk)
    if desk.clip:
        kept_row(desk.clip.name, forget)
    elif desk.refused:
        st.error(plain(desk.refused), icon=":material/error:")
    return desk.clip


def forget() -> None:
    shelf("clip").clear()


@st.fragment
def choose(clip: Clip) -> None:
    """Let the recipe be chosen and, where it needs one, an object be marked in the first frame."""
    recipe = pick_recipe("video")
    if not works_on_marks(recipe):
        return
    image = first_frame(clip)
    draw_marks(image, "The video's first picture", "video")
    first = build_pipeline(recipe)(image)
    if first.segmentation.note:
        st.info(plain(first.segmentation.note), icon=":material/info:")
    st.image(smaller(first.image), caption="The first picture", alt="The result", channels="BGR", output_format="JPEG")


@st.fragment(run_every=_SHOW_EVERY_S)
def watch(job: ClipJob) -> None:
    """Show how far the job is. It goes on without this."""
    if not job.running:
        st.rerun()
    if (step := job.step) is None or job.still is None:
        st.progress(0.0, "Starting …")
        return
    left = describe_seconds(round(step.left_s))
    st.progress(
        step.share,
        f"{step.frames_done} of {step.frames_expected} pictures · {step.rate_fps:.0f} a second · {left} left",
    )
    # Within the page, for an address of its own leads nowhere by the time that a slow browser asks for it.
    st.image(f"data:image/jpeg;base64,{b64encode(job.still).decode()}", alt="The newest picture")


st.title("Video")
st.caption("A clip in, the finished clip out, with its sound.")
mine = shelf("clip")
limits = settings()
job = newest_job(mine)
if job and job.running:
    st.button("Cancel", icon=":material/cancel:", on_click=lambda: cancel(shelf("clip")))
    st.caption("This goes on while you look at other pages, and if the connection is lost for a while.")
    watch(job)
elif (clip := take_clip(mine)) is None:
    st.info(
        f"Choose a video to begin. It is removed {describe_seconds(60 * limits.keep_minutes)} after you leave.",
        icon=":material/movie:",
    )
else:
    error = settle(mine)
    st.markdown(f":material/info: {clip.info.describe()}")
    result, controls = st.columns([3, 2], gap="large")
    with controls:
        choose(clip)
        st.button(
            "Process the video",
            type="primary",
            icon=":material/play_arrow:",
            on_click=lambda: start(shelf("clip"), recipe_in_use().now),
        )
        st.caption(
            f"The video and its result then stay for {describe_seconds(60 * limits.keep_result_minutes)} after you "
            "leave, so that you can come back for them."
        )
    with result:
        if error:
            failures.show(error)
        if finished := mine.store.get(ClipDesk).finished:
            show_finished(finished, clip.name)
        else:
            st.info("Pick a recipe, then process the video.", icon=":material/arrow_forward:")
