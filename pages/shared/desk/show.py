"""Shows results: images small enough for a page, names as they were typed, measures as a line or a list."""

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from pages.shared.plain_text import plain
from segcore.outputs.object_table import OBJECT_COLUMNS, object_rows
from segcore.picture.scaling import fit_within
from segcore.pipeline import Result
from segcore.segmentation import Image

_WIDEST_PX, _HIGHEST_PX = 1280, 5120
_TALLEST_PX = 320
_FEW_LABELS, _SEEN_PERCENT = 5, 0.1
_OBJECT_TITLES = dict(
    zip(
        OBJECT_COLUMNS,
        ("Number", "Label", "Area (px)", "Left", "Top", "Width", "Height", "Centre x", "Centre y"),
        strict=True,
    )
)


def kept_row(name: str, remove: Callable[[], None]) -> None:
    """Name a file that outlasted its uploader, and offer to remove it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/draft: {plain(name)}", width="content")
        st.button("Remove", icon=":material/close:", type="tertiary", on_click=remove)


def smaller(image: Image) -> Image:
    """Return an image at most as large as a page shows it, so that it loads fast and any file can hold it."""
    return fit_within(image, _WIDEST_PX, _HIGHEST_PX)


def worth_telling(coverage_percent: Mapping[str, float]) -> Mapping[str, float]:
    """Return the shares of all labels where they are few, else of those that are in the image."""
    return coverage_percent if len(coverage_percent) <= _FEW_LABELS else in_the_picture(coverage_percent)


def in_the_picture(coverage_percent: Mapping[str, float]) -> Mapping[str, float]:
    """Return the shares of the labels that cover enough to be named."""
    return {name: percent for name, percent in coverage_percent.items() if percent >= _SEEN_PERCENT}


def in_words(coverage_percent: Mapping[str, float]) -> str:
    """Return labels and their shares as a list in a sentence."""
    return ", ".join(f"{plain(name)} {percent:.1f} %" for name, percent in coverage_percent.items()) or "nothing"


def coverage_line(result: Result) -> None:
    """Say what share of the image each label covers and how long it took."""
    shares = in_words(worth_telling(result.measures.coverage_percent))
    stages = ", ".join(f"{stage} {ms:.1f} ms" for stage, ms in result.timings_ms.items())
    st.caption(f"Covers: {shares}. Took: {stages}.")


def show_objects(result: Result) -> None:
    """Count the objects and list them, where the method tells them apart."""
    count = result.count_objects()
    if count is None:
        return
    st.markdown(f"**{count} {'object' if count == 1 else 'objects'}**")
    if count:
        st.dataframe(
            pd.DataFrame(object_rows(result), columns=OBJECT_COLUMNS),
            hide_index=True,
            width="stretch",
            height=min(38 + 35 * count, _TALLEST_PX),
            column_config=_OBJECT_TITLES,
        )
