"""Marking an object on an image: a box around it, and strokes over what is to be kept or left out.

The marks are the recipe's: what is drawn goes into it at once, so it works the same on other pages and from a file.
"""

import base64
from pathlib import Path
from typing import Any

import cv2
import streamlit as st

from pages.shared.controls.recipe_in_use import recipe_in_use
from pages.shared.visitor.session import Widget
from segcore.marks import Marks
from segcore.picture.scaling import shrink
from segcore.recipe import Recipe
from segcore.segmentation import Image

_LONGEST_PX = 960
_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "drawing",
    html=(_HERE / "surface.html").read_text("utf-8"),
    css=(_HERE / "surface.css").read_text("utf-8"),
    js=(_HERE / "surface.js").read_text("utf-8"),
)


def works_on_marks(recipe: Recipe) -> bool:
    """Tell whether a recipe works on what is marked in the image."""
    return isinstance(recipe.segmenter, Marks)


def draw_marks(image: Image, alt: str, page: str) -> None:
    """Show an image to draw on; each box and stroke goes into the visitor's recipe, and the page runs anew.

    Parameters
    ----------
    image
        (H, W, 3) uint8, BGR.
    alt
        What the image shows, in words.
    page
        The page's name, which keeps its surface apart from those of the others.
    """
    mine = recipe_in_use()
    options = mine.now.segmenter
    address = _data_url(image)
    surface = Widget[dict[str, Any]](f"{page}-drawing-{mine.round}-{hash(address)}")  # another image, another surface
    _component(
        key=surface.key,
        data={
            "picture": address,
            "alt": alt,
            "aspect": image.shape[1] / image.shape[0],
            "marks": options.model_dump(mode="json", include=set(Marks.model_fields)),
            "home": Marks().box,
            "turn": mine.drawings,
        },
        on_marks_change=lambda: _take(**(surface.value or {})["marks"]),
    )


def _take(turn: int, box: Any, strokes: Any) -> None:
    """Put what was drawn into the recipe. ``turn`` counts drawings, so that the surface knows what is known here."""
    mine = recipe_in_use()
    if not works_on_marks(mine.now):  # another one was chosen meanwhile
        return
    segmenter = mine.now.segmenter
    marked = type(segmenter).model_validate(dict(segmenter) | {"box": box, "strokes": strokes})
    mine.now = mine.now.model_copy(update={"segmenter": marked})
    mine.drawings = turn


@st.cache_data(scope="session", max_entries=2, show_spinner=False)
def _data_url(image: Image) -> str:
    """Return an image, small enough to draw on, as an address that holds it."""
    height, width = image.shape[:2]
    scale = min(1, _LONGEST_PX / max(height, width))
    small = shrink(image, max(1, round(height * scale)), max(1, round(width * scale)))
    content = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return f"data:image/jpeg;base64,{base64.b64encode(content.tobytes()).decode()}"
