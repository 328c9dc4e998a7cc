"""Photo: one picture in, its parts out."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePath

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages.shared.controls.recipe_picker import pick_recipe
from pages.shared.desk.show import coverage_line, kept_row, plain, show_objects, smaller
from pages.shared.drawing.surface import draw_marks, marks_object
from pages.shared.server import failures
from pages.shared.visitor.uploads import shelve, upload_box
from pages.shared.visitor.visits import Accepts, Arrival, shelf
from segcore.errors import SegdeckError
from segcore.outputs.object_table import objects_csv
from segcore.overlays.cut_out import cut_out_rgba
from segcore.picture.photo import Photo, read_photo_in_worker, write_png
from segcore.pipeline import Result, build_pipeline
from segcore.recipe import Recipe
from segcore.settings import describe_seconds, settings

_ENDINGS = ("png", "jpg", "jpeg", "webp")
_SOURCES = {
    "upload": ":material/upload: Upload",
    "camera": ":material/photo_camera: Camera",
    "paste": ":material/content_paste: Paste",
}


def take_photo() -> Arrival | None:
    """Show the chosen way in and return the newest photo. It outlasts a look at another page."""
    limits = settings()
    way = st.segmented_control(
        "Photo from", _SOURCES, default="upload", required=True, format_func=_SOURCES.get, key="photo_way"
    )
    if way == "camera":
        st.camera_input("Take a photo", key="photo_camera", on_change=lambda: hold(st.session_state["photo_camera"]))
    elif way == "paste":
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
            keep(arrived[-1])
    taken = shelf("photo").things.get("photo")
    if taken and not (way == "camera" and st.session_state["photo_camera"]):
        kept_row(taken.name, forget)
    return taken


def hold(file: UploadedFile | None) -> None:
    """Keep what was just put into a widget of Streamlit's, or forget the photo where it was just taken out."""
    if file is None:
        forget()
        return
    try:
        keep(shelve(file, shelf("photo")))
    except SegdeckError as error:
        st.error(str(error), icon=":material/error:")


def keep(photo: Arrival) -> None:
    """Make a file that has arrived the visitor's photo instead of the one before."""
    forget(keep=[photo.path])
    shelf("photo").things["photo"] = photo


def forget(keep: Collection[Path] = ()) -> None:
    """Remove the photo, and what was made of it."""
    shelf("photo").clear(keep=keep)


@dataclass
class Made:
    """What was made last in this visit. There is one, for each photo's may be 200 MB, and Streamlit keeps the buttons'
    functions, which hold it, for longer than the buttons.
    """

    path: Path | None = None
    photo: Photo | None = None
    recipe: Recipe | None = None
    result: Result | None = None

    def update(self, path: Path, recipe: Recipe) -> tuple[Photo, Result]:
        """Return a photo and its result, made now if they are not there; what was there before goes first."""
        if path != self.path or self.photo is None:
            self.forget()
            with st.spinner("Reading …"):
                self.photo, self.path = read_photo_in_worker(path.read_bytes()), path
        if recipe != self.recipe or self.result is None:
            self.recipe = self.result = None
            with st.spinner("Splitting …"):
                self.result, self.recipe = build_pipeline(recipe)(self.photo.image), recipe
        return self.photo, self.result

    def forget(self) -> None:
        self.path = self.photo = self.recipe = self.result = None


def made() -> Made:
    """Return what was made of the visitor's photo. It lies with the photo, and goes when that goes."""
    mine = shelf("photo")
    if "made" not in mine.things:
        mine.things["made"] = Made()
        mine.when_cleared(mine.things["made"].forget)
    return mine.things["made"]


def downloads(stem: str, now: Made) -> None:
    """Offer everything that one may take away; a file is made when its button is pressed."""
    files = {
        "Result": ("result.png", lambda: write_png(now.result.image)),
        "Cut-out": (
            "cut-out.png",
            lambda: write_png(cut_out_rgba(now.photo.image, now.result.segmentation, now.photo.opacity)),
        ),
        "Mask": ("mask.png", lambda: write_png(now.result.segmentation.grey())),
        "Recipe": ("recipe.toml", lambda: now.recipe.to_toml()),
    }
    if now.result.measures.objects:
        files["Objects"] = ("objects.csv", lambda: objects_csv(now.result))
    with st.container(horizontal=True):
        for title, (name, make) in files.items():
            st.download_button(
                title, make, f"{stem} {name}", on_click="ignore", icon=":material/download:", key=f"photo-{name}"
            )


@st.fragment
def desk(taken: Arrival) -> None:
    """Show the photo and what becomes of it, beside the controls."""
    shown, controls = st.columns([3, 2], gap="large")
    with controls:
        recipe = pick_recipe("photo")
    with shown:
        try:
            photo, result = made().update(taken.path, recipe)
        except Exception as error:
            failures.show(error)
            return
        before, after = st.columns(2)
        alt = "The photo as it came"
        if marks_object(recipe):
            with before:
                draw_marks(photo.image, alt, "photo")
        else:
            before.image(smaller(photo.image), caption="Original", alt=alt, channels="BGR", output_format="JPEG")
        after.image(
            smaller(result.image), caption=plain(recipe.title), alt="The result", channels="BGR", output_format="JPEG"
        )
        if recipe.segmenter.method == "motion":
            st.info("One photo shows no motion: take this recipe to Live or Video.", icon=":material/directions_run:")
        elif result.segmentation.note:
            st.info(plain(result.segmentation.note), icon=":material/info:")
        coverage_line(result)
        show_objects(result)
        downloads(PurePath(taken.name).stem, made())


st.title("Photo")
st.caption("One picture in, its parts out.")
taken = take_photo()
if taken is None:
    st.info(
        f"Choose a photo to begin. It is removed {describe_seconds(60 * settings().keep_minutes)} after you leave.",
        icon=":material/add_photo_alternate:",
    )
else:
    desk(taken)
