"""The Photo page: one image in, its parts out."""

from pathlib import PurePath

import streamlit as st

from pages.shared.controls.recipe_picker import pick_recipe
from pages.shared.desk.downloads import download_row
from pages.shared.desk.photos import PhotoDesk, downloads, forget, keep
from pages.shared.desk.show import coverage_line, kept_row, show_objects, smaller
from pages.shared.drawing.surface import draw_marks, works_on_marks
from pages.shared.plain_text import plain
from pages.shared.server import failures
from pages.shared.visitor.session import Widget
from pages.shared.visitor.shelves import Accepts, Arrival, Shelf
from pages.shared.visitor.streamlit_inside import UploadedFile
from pages.shared.visitor.uploads import shelve, upload_box
from pages.shared.visitor.visits import shelf
from segcore.errors import SegdeckError
from segcore.settings import describe_seconds, settings

_ENDINGS = ("png", "jpg", "jpeg", "webp")
_SOURCES = {
    "upload": ":material/upload: Upload",
    "camera": ":material/photo_camera: Camera",
    "paste": ":material/content_paste: Paste",
}
_CAMERA = Widget[UploadedFile]("photo_camera")


def take_photo(mine: Shelf) -> Arrival | None:
    """Show the chosen way in and return the newest photo. It outlasts a look at another page."""
    limits = settings()
    source = st.segmented_control(
        "Photo from", _SOURCES, default="upload", required=True, format_func=_SOURCES.__getitem__, key="photo_way"
    )
    if source == "camera":
        st.camera_input("Take a photo", key=_CAMERA.key, on_change=lambda: hold(_CAMERA.value))
    elif source == "paste":
        pasted = st.chat_input("Paste a picture here: Ctrl+V, then Enter", accept_file=True, file_type=_ENDINGS)
        if pasted and pasted.files:
            hold(pasted.files[0])
    else:
        arrived = upload_box(
            "photo",
            f"PNG, JPEG or WebP, at most {limits.max_photo_mb} MB and {limits.max_photo_mp:g} megapixels",
            Accepts(_ENDINGS, limits.max_photo_mb),
        )
        if arrived:
            keep(arrived[-1], mine)
    taken = mine.store.get(PhotoDesk).file
    if taken and not (source == "camera" and _CAMERA.value):
        kept_row(taken.name, lambda: forget(shelf("photo")))
    return taken


def hold(file: UploadedFile | None) -> None:
    """Keep what was just put into a widget of Streamlit's, or forget the photo where it was just taken out."""
    mine = shelf("photo")
    if file is None:
        forget(mine)
        return
    try:
        keep(shelve(file, mine), mine)
    except SegdeckError as error:
        failures.show(error)


@st.fragment
def desk(mine: Shelf, name: str) -> None:
    """Show the photo and its result, beside the controls."""
    shown, controls = st.columns([3, 2], gap="large")
    with controls:
        recipe = pick_recipe("photo")
    with shown:
        try:
            now = mine.store.get(PhotoDesk).segment(recipe)
        except Exception as error:
            failures.show(error)
            return
        before, after = st.columns(2)
        alt = "The photo as it came"
        image, result = now.photo.image, now.result
        if works_on_marks(recipe):
            with before:
                draw_marks(image, alt, "photo")
        else:
            before.image(smaller(image), caption="Original", alt=alt, channels="BGR", output_format="JPEG")
        after.image(
            smaller(result.image), caption=plain(recipe.title), alt="The result", channels="BGR", output_format="JPEG"
        )
        if recipe.segmenter.method == "motion":
            st.info("One photo shows no motion: take this recipe to Live or Video.", icon=":material/directions_run:")
        elif result.segmentation.note:
            st.info(plain(result.segmentation.note), icon=":material/info:")
        coverage_line(result)
        show_objects(result)
        download_row(downloads(mine), PurePath(name).stem, "photo")


st.title("Photo")
st.caption("One picture in, its parts out.")
mine = shelf("photo")
taken = take_photo(mine)
if taken is None:
    st.info(
        f"Choose a photo to begin. It is removed {describe_seconds(60 * settings().keep_minutes)} after you leave.",
        icon=":material/add_photo_alternate:",
    )
else:
    desk(mine, taken.name)
