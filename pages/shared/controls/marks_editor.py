"""The controls of a marked object: its box by numbers. Strokes are drawn on an image, and the box may be as well."""

from typing import Any

import streamlit as st

from pages.shared.controls.recipe_in_use import recipe_in_use
from segcore.marks import Marks


def edit_marks(options: Marks, key: str) -> dict[str, Any]:
    """Show the controls and return the value of the box."""
    st.caption(
        "What stands out in this box is cut out; in a video or before the camera it is then tracked. "
        "Changing the box starts anew."
    )
    key = f"{key}-{recipe_in_use().drawings}"
    left, top, width, height = options.box
    left, width = _side("From left to right (%)", left, width, f"{key}-across")
    top, height = _side("From top to bottom (%)", top, height, f"{key}-down")
    return {"box": (left, top, width, height)}


def _side(label: str, start: float, length: float, key: str) -> tuple[float, float]:
    """Show a side of the box as a slider from its start to its end, and return start and length."""
    shown = round(100 * start), min(100, round(100 * (start + length)))
    first, last = st.slider(label, 0, 100, shown, key=key)
    return (start, length) if (first, last) == shown else (first / 100, (last - first) / 100)
