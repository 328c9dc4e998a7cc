"""The Models page: every network there is, to install and remove, and a place to add one's own."""

from typing import Literal

import streamlit as st

from pages.shared.networks.add_network import add_your_own
from pages.shared.networks.change_network import ModelsNews, attempt, fetch
from pages.shared.networks.try_network import look_at
from pages.shared.plain_text import plain
from pages.shared.visitor.own_networks import networks_of_this_visit
from pages.shared.visitor.rights import models_locked
from pages.shared.visitor.session import session
from pages.shared.visitor.streamlit_inside import Container
from segcore.networks.card import ModelCard
from segcore.networks.catalogue import broken_cards, cards
from segcore.networks.finding import Finding
from segcore.networks.folders import is_own
from segcore.networks.runtimes import RUNTIME_TITLES, RuntimeName
from segcore.networks.store import remove
from segcore.settings import settings

_COLUMNS = 3
_STATES: dict[str, tuple[str, str, Literal["blue", "orange"]]] = {
    "reference": ("verified", ":material/verified:", "blue"),
    "confirmed": ("confirmed", ":material/verified:", "blue"),
    "unverified": ("unverified", ":material/help:", "orange"),
}


def show(card: ModelCard) -> bool:
    """Show a network; tell whether it is to be installed now."""
    example = card.beside(card.example) if card.example else None
    if example and example.is_file():
        st.image(str(example), alt="A picture, and in colour what the network finds in it", width="stretch")
    else:
        st.image("pages/assets/no_picture.svg", alt="There is no picture of what it finds", width="stretch")
    st.subheader(plain(card.title), anchor=False)
    finding = card.finding() if card.installed else None  # what was never tried is not installed
    with st.container(horizontal=True, gap="small"):
        if finding:
            st.badge("installed", icon=":material/check:", color="green")
            state, icon, color = _STATES[finding.verified]
            st.badge(state, icon=icon, color=color)
        else:
            st.badge("not installed", icon=":material/cloud:", color="gray")
    st.markdown(plain(card.task))
    licence = "licence unknown" if card.licence == "unknown" else plain(card.licence)
    st.caption(f"{plain(card.project)} · {licence} · {card.size_bytes / 1e6:.1f} MB")
    if finding:
        st.caption(describe_speed(finding))
    news = session().get(ModelsNews)
    failed, words = news.failed
    if failed == card.name:
        st.error(plain(words), icon=":material/error:")
        news.failed = ModelsNews.failed
    if is_own(card.name):
        st.caption(f"Only you have it. Its name, for whoever runs this Segdeck to share it: {card.name}")
        return actions(card, finding)
    return not models_locked() and actions(card, finding)


def describe_speed(finding: Finding) -> str:
    """Say how long one image takes on each runtime, and which is used."""
    times_ms: dict[RuntimeName, float | None] = {"opencv": finding.opencv_ms, "openvino": finding.openvino_ms}
    measured = {name: ms for name, ms in times_ms.items() if ms is not None}
    return " · ".join(
        f"{RUNTIME_TITLES[name]} {ms:.0f} ms{' (used)' if name == finding.runtime and len(measured) > 1 else ''}"
        for name, ms in measured.items()
    )


def actions(card: ModelCard, finding: Finding | None) -> bool:
    """Show a network's buttons; tell whether it is to be installed now."""
    with st.container(horizontal=True):
        if not finding:
            return st.button("Install", icon=":material/download:", key=f"install-{card.name}")
        doubtful = finding.verified == "unverified"
        if doubtful and st.button("Look at it", icon=":material/visibility:", key=f"look-{card.name}"):
            look_at(card)
        with st.popover("Remove", icon=":material/delete:", key=f"remove-{card.name}"):
            again = "Its file is deleted." if card.by_hand else "It can be installed again."
            st.markdown(f"Remove “{plain(card.title)}”? {again}")
            st.button("Yes, remove it", key=f"removed-{card.name}", on_click=attempt, args=(remove, card))
    return False


st.title("Models")
st.caption("The networks that recipes can use: what each one finds, and how fast it is on this machine.")
if not models_locked():
    for problem in broken_cards().values():
        st.warning(plain(problem), icon=":material/warning:")
known = networks_of_this_visit() | cards()
names = list(known)
wanted: tuple[ModelCard, Container] | None = None
with st.container(key="models"):
    for start in range(0, len(names), _COLUMNS):
        for column, name in zip(st.columns(_COLUMNS), names[start : start + _COLUMNS], strict=False):
            box = column.container(border=True, height="stretch", gap="small")
            with box:
                if show(known[name]):
                    wanted = known[name], box
if models_locked():
    st.info("Networks for all are installed and removed by whoever runs this Segdeck.", icon=":material/lock:")
if not models_locked() or settings().own_networks:
    add_your_own()
news = session().get(ModelsNews)
if news.saved in known:
    look_at(known[news.saved])
news.saved = ""
if wanted:  # last, for it takes long, and the rest of the page is there meanwhile
    card, box = wanted
    with box:
        fetch(card)
