"""A row of buttons for files that one may take away."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO

import streamlit as st


@dataclass(frozen=True)
class Download:
    """A file that one may take away.

    Attributes
    ----------
    title
        What it is, for its button.
    name
        The end of its name, after the name of what was uploaded.
    content
        Makes or opens it, when its button is pressed.
    media_type
        Such as ``text/csv``; None where the content tells.
    """

    title: str
    name: str
    content: Callable[[], bytes | str | BinaryIO]
    media_type: str | None = None


def download_row(downloads: Iterable[Download], stem: str, page: str) -> None:
    """Show a button for each file.

    Parameters
    ----------
    downloads
        The files.
    stem
        Begins their names.
    page
        The page's name, which keeps its buttons apart from those of the others.
    """
    with st.container(horizontal=True):
        for one in downloads:
            st.download_button(
                one.title,
                one.content,
                f"{stem} {one.name}",
                one.media_type,
                on_click="ignore",
                icon=":material/download:",
                key=f"{page}-{one.name}",
            )
