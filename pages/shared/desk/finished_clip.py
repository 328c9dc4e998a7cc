"""A finished clip: played, taken away, and what was measured of it."""

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import BinaryIO

import streamlit as st

from pages.shared.desk.charts import count_chart, coverage_chart
from pages.shared.desk.clips import Finished
from pages.shared.desk.downloads import Download, download_row
from pages.shared.plain_text import plain
from segcore.settings import describe_seconds


def show_finished(finished: Finished, name: str) -> None:
    """Show what a processed clip left.

    Parameters
    ----------
    finished
        What it left.
    name
        The uploaded clip's.
    """
    st.subheader(plain(finished.title))
    if finished.cut_off:
        st.warning(
            "The video is damaged or cut off: the result holds what could be read.", icon=":material/content_cut:"
        )
    for note, time_s in finished.notes.items():
        st.info(f"From {describe_seconds(round(time_s, 1))} on: {plain(note)}", icon=":material/info:")
    st.video((st.context.url or "").rsplit("/video", 1)[0] + finished.address)
    download_row(_downloads(finished), PurePath(name).stem, "video")
    st.caption(f"{finished.frames} pictures in {describe_seconds(round(finished.seconds, 1))}.")
    coverage_chart(finished.table[[*dict.fromkeys(label.name for label in finished.labels)]], finished.labels)
    if finished.objects:
        count_chart(finished.table["objects"])


def _downloads(finished: Finished) -> list[Download]:
    files = {
        "Result": finished.path,
        "Mask video": finished.mask,
        "Measures": finished.measures,
        "Objects": finished.objects,
    }
    return [Download(title, path.name, _opener(path), _media_type(path)) for title, path in files.items() if path]


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _media_type(path: Path) -> str:
    return "text/csv" if path.suffix == ".csv" else "video/mp4"
