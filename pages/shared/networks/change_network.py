"""Changes of the networks that there are, and what the Models page then shows of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.shared.server import failures
from pages.shared.visitor.session import session
from segcore.networks.card import ModelCard
from segcore.networks.store import install

_SHOW_EVERY_S = 0.2


@dataclass
class ModelsNews:
    """What the Models page shows once, in its next run.

    Attributes
    ----------
    saved
        The name of the network that was just added, to be looked at.
    failed
        The name of a network that could not be changed, and why, in a sentence.
    """

    saved: str = ""
    failed: tuple[str, str] = ("", "")


def attempt(change: Callable[[ModelCard], object], card: ModelCard) -> None:
    """Change a network, and have what goes wrong said beside it."""
    try:
        change(card)
    except Exception as error:
        session().get(ModelsNews).failed = card.name, failures.in_words(error)


def fetch(card: ModelCard) -> None:
    """Install a network, showing how far it is.

    Streamlit ends this run of the script when something is clicked or the page is left; what came is kept, and the
    next try goes on from there. In a fragment it would not: a click there waits until the run is over.
    """
    bar, shown_s = st.progress(0.0, "Connecting …"), 0.0
    st.button("Cancel", icon=":material/cancel:", key=f"cancel-{card.name}")

    def on_progress(here: int, total: int) -> None:
        nonlocal shown_s
        if here < total and time.monotonic() - shown_s < _SHOW_EVERY_S:
            return
        shown_s = time.monotonic()
        words = "Trying it and measuring its speed …" if here == total else f"{here / 1e6:.1f} of {total / 1e6:.1f} MB"
        bar.progress(min(1.0, here / total), words)

    attempt(lambda card: install(card, on_progress), card)
    st.rerun()
