"""Video: a clip in, the finished clip out, with its sound."""

from pathlib import PurePath

import streamlit as st

from pages.shared import failures
from pages.shared.clips import Clip, Finished, cancel, first_picture, forget, keep, process, start
from pages.shared.drawing import draw_marks, marks_object
from pages.shared.recipe_picker import current_recipe, pick_recipe
from pages.shared.show import count_chart, coverage_chart, kept_row, plain, smaller
from segcore.pipeline import build_pipeline
from segcore.settings import describe_seconds, settings

_ENDINGS = ["mp4", "mov", "m4v", "webm", "mkv", "avi"]


def take_clip() -> Clip | None:
    """Return the uploaded clip. It outlasts a look at another page, which empties the uploader."""
    limits = settings()
    upload = st.file_uploader(
        f"MP4, MOV, WebM, MKV or AVI, at most {limits.max_upload_mb} MB, {limits.max_width_px}x{limits.max_height_px} "
        f"pixels and {describe_seconds(limits.max_length_s)}",
        _ENDINGS,
        max_upload_size=limits.max_upload_mb,
        key="video_upload",
        on_change=lambda: st.session_state["video_upload"] or forget(),
    )
    if upload is None:
        if clip := st.session_state.get("clip"):
            kept_row(clip.name, forget)
        return clip
    try:
        with st.spinner("Looking at the video …"):
            return keep(upload)
    except Exception as error:
        failures.show(error)
        return None


@st.fragment
def choose(clip: Clip) -> None:
    """Let the recipe be chosen and, where it needs one, an object be marked in the first picture."""
    recipe = pick_recipe("video")
    if not marks_object(recipe) or (picture := first_picture(clip)) is None:
        return
    draw_marks(picture, "The video's first picture", "video")
    first = build_pipeline(recipe)(picture)
    if first.segmentation.note:
        st.info(plain(first.segmentation.note), icon=":material/info:")
    st.image(smaller(first.image), caption="The first picture", alt="The result", channels="BGR", output_format="JPEG")


def run(clip: Clip) -> None:
    """Process the clip. Nothing else is on offer meanwhile."""
    st.button("Cancel", icon=":material/cancel:", on_click=cancel)
    try:
        st.session_state["clip_finished"] = process(clip, current_recipe())
    except Exception as error:
        st.session_state["clip_error"] = failures.in_words(error)
    cancel()
    st.rerun()


def show(finished: Finished, name: str) -> None:
    st.subheader(plain(finished.title))
    if finished.cut_off:
        st.warning(
            "The video is damaged or cut off: the result holds what could be read.", icon=":material/content_cut:"
        )
    for note, time_s in finished.notes.items():
        st.info(f"From {describe_seconds(round(time_s, 1))} on: {plain(note)}", icon=":material/info:")
    st.video(st.context.url.rsplit("/video", 1)[0] + finished.address)
    with st.container(horizontal=True):
        files = {
            "Result": finished.path,
            "Mask video": finished.mask,
            "Figures": finished.figures,
            "Objects": finished.objects,
        }
        for title, path in files.items():
            if path is None:
                continue
            st.download_button(
                title,
                lambda path=path: path.open("rb"),
                f"{PurePath(name).stem} {path.name}",
                "text/csv" if path.suffix == ".csv" else "video/mp4",
                on_click="ignore",
                icon=":material/download:",
                key=f"video-{path.name}",
            )
    st.caption(f"{len(finished.table)} pictures in {describe_seconds(round(finished.seconds, 1))}.")
    coverage_chart(finished.table, finished.labels)
    if finished.counts is not None:
        count_chart(finished.counts)


st.title("Video")
st.caption("A clip in, the finished clip out, with its sound.")
clip = take_clip()
if clip is None:
    st.info("Choose a video to begin. It is removed when you leave.", icon=":material/movie:")
elif st.session_state.get("clip_running"):
    run(clip)
else:
    st.markdown(f":material/info: {clip.info.describe()}")
    result, controls = st.columns([3, 2], gap="large")
    with controls:
        choose(clip)
        st.button("Process the video", type="primary", icon=":material/play_arrow:", on_click=start)
    with result:
        if error := st.session_state.pop("clip_error", None):
            st.error(plain(error), icon=":material/error:")
        if note := st.session_state.pop("clip_note", None):
            st.info(note, icon=":material/cancel:")
        if finished := st.session_state.get("clip_finished"):
            show(finished, clip.name)
        else:
            st.info("Pick a recipe, then process the video.", icon=":material/arrow_forward:")
