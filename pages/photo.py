"""Photo: one picture in, its parts out."""

from dataclasses import dataclass
from pathlib import PurePath

import streamlit as st

from pages.shared import failures
from pages.shared.drawing import draw_marks, marks_object
from pages.shared.recipe_picker import pick_recipe
from pages.shared.show import coverage_line, kept_row, plain, show_objects, smaller
from segcore.overlay import cut_out_rgba
from segcore.photo import Photo, read_photo, write_png
from segcore.pipeline import Result, build_pipeline
from segcore.recipe import Recipe, parse_recipe
from segcore.settings import settings
from segcore.tables import objects_csv

_ENDINGS = ["png", "jpg", "jpeg", "webp"]
_SOURCES = {
    "upload": ":material/upload: Upload",
    "camera": ":material/photo_camera: Camera",
    "paste": ":material/content_paste: Paste",
}


@dataclass(frozen=True)
class Taken:
    """A photo's file: its name and what is in it."""

    name: str
    content: bytes


def take_photo() -> Taken | None:
    """Show the chosen way in and return the newest photo. It outlasts a look at another page."""
    limits = settings()
    way = st.segmented_control(
        "Photo from", _SOURCES, default="upload", required=True, format_func=_SOURCES.get, key="photo_way"
    )
    if way == "camera":
        st.camera_input("Take a photo", key="photo_camera", on_change=hold, args=("photo_camera",))
    elif way == "paste":
        pasted = st.chat_input("Paste a picture here: Ctrl+V, then Enter", accept_file=True, file_type=_ENDINGS)
        if pasted and pasted.files:
            st.session_state["photo"] = Taken(pasted.files[0].name, pasted.files[0].getvalue())
    else:
        st.file_uploader(
            f"PNG, JPEG or WebP, at most {limits.max_upload_mb} MB and {limits.max_photo_mp:g} megapixels",
            _ENDINGS,
            max_upload_size=limits.max_upload_mb,
            key="photo_upload",
            on_change=hold,
            args=("photo_upload",),
        )
    taken = st.session_state.get("photo")
    if taken and not st.session_state.get(f"photo_{way}"):
        kept_row(taken.name, lambda: st.session_state.pop("photo"))
    return taken


def hold(widget: str) -> None:
    """Keep what was just put into a widget, or forget the photo where it was just taken out."""
    file = st.session_state[widget]
    st.session_state["photo"] = Taken(file.name, file.getvalue()) if file else None


@st.cache_data(scope="session", max_entries=2, show_spinner="Reading …")
def decoded(content: bytes) -> Photo:
    return read_photo(content)


@st.cache_resource(scope="session", max_entries=4, show_spinner="Splitting …")
def split(content: bytes, recipe_toml: str) -> Result:
    return build_pipeline(parse_recipe(recipe_toml))(decoded(content).image)


def downloads(stem: str, photo: Photo, result: Result, recipe: Recipe) -> None:
    """Offer everything that one may take away; a file is made when its button is pressed."""
    files = {
        "Result": ("result.png", lambda: write_png(result.image)),
        "Cut-out": ("cut-out.png", lambda: write_png(cut_out_rgba(photo.image, result.segmentation, photo.opacity))),
        "Mask": ("mask.png", lambda: write_png(result.segmentation.grey())),
        "Recipe": ("recipe.toml", recipe.to_toml),
    }
    if result.measures.objects:
        files["Objects"] = ("objects.csv", lambda: objects_csv(result))
    with st.container(horizontal=True):
        for title, (name, make) in files.items():
            st.download_button(
                title, make, f"{stem} {name}", on_click="ignore", icon=":material/download:", key=f"photo-{name}"
            )


@st.fragment
def desk(taken: Taken) -> None:
    """Show the photo and what becomes of it, beside the controls."""
    shown, controls = st.columns([3, 2], gap="large")
    with controls:
        recipe = pick_recipe("photo")
    with shown:
        try:
            photo = decoded(taken.content)
            result = split(taken.content, recipe.to_toml())
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
        downloads(PurePath(taken.name).stem, photo, result, recipe)


st.title("Photo")
st.caption("One picture in, its parts out.")
taken = take_photo()
if taken is None:
    st.info(
        "Choose a photo to begin. It stays in this visit and is stored nowhere.", icon=":material/add_photo_alternate:"
    )
else:
    desk(taken)
