"""A network of one's own: uploaded, looked into, its card corrected beside a test picture, saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import streamlit as st

from pages.shared.desk.show import kept_row
from pages.shared.networks.change_network import ModelsNews
from pages.shared.networks.edit_card import edit_card
from pages.shared.networks.try_network import compare
from pages.shared.plain_text import plain
from pages.shared.server import failures
from pages.shared.visitor.own_networks import check_room, note_own, own_folder
from pages.shared.visitor.rights import models_locked
from pages.shared.visitor.session import session
from pages.shared.visitor.shelves import Accepts, Arrival, Shelf
from pages.shared.visitor.uploads import upload_box
from pages.shared.visitor.visits import shelf
from segcore.errors import SegdeckError
from segcore.networks.adding import add, try_on
from segcore.networks.card import ModelCard
from segcore.networks.folders import is_own
from segcore.networks.formats import CONFIG_ENDINGS, KINDS, sort_files
from segcore.networks.proposal import Proposal, keep_apart, propose
from segcore.segmentation import Image, Segmentation
from segcore.settings import settings

_ENDINGS = tuple(ending[1:] for ending in (*KINDS, *CONFIG_ENDINGS.values()))
_numbers = count()


@dataclass(frozen=True)
class Draft:
    """An uploaded network in the visitor's folder, and what is proposed for it. ``key`` starts its widgets' keys."""

    key: str
    name: str
    proposal: Proposal


@dataclass
class NetworkDesk:
    """The visitor's draft. ``refused`` says why the last upload is no network."""

    draft: Draft | None = None
    refused: str = ""


def add_your_own() -> None:
    """Show the desk, or what has just been saved."""
    st.subheader("Add your own network", anchor=False)
    st.markdown(
        "ONNX, TFLite and TensorFlow (.pb) networks are one file. Caffe (.prototxt and .caffemodel) and "
        "Darknet (.cfg and .weights) are two: choose both at once."
    )
    if models_locked():
        st.caption("It is yours alone, as long as this visit, until whoever runs this Segdeck shares it.")
    if draft := take_files():
        desk(draft)


def take_files() -> Draft | None:
    """Show where to upload a network and return the draft that is made of it. It outlasts a look at another page."""
    mine = shelf("network")
    limit = settings().max_upload_mb
    arrived = upload_box("network", f"The network, at most {limit} MB a file", Accepts(_ENDINGS, limit), several=True)
    if arrived:
        with st.spinner("Trying the network …"):  # its end may be the end of this run: what it found is kept by then
            try:
                keep(arrived, mine)
            except Exception as error:
                mine.store.get(NetworkDesk).refused = failures.in_words(error)
    now = mine.store.get(NetworkDesk)
    if now.draft:
        kept_row(now.draft.name, forget)
    elif now.refused:
        st.error(plain(now.refused), icon=":material/error:")
    return now.draft


def keep(arrived: Sequence[Arrival], mine: Shelf) -> None:
    """Look into a network whose files have arrived, and make it the visitor's draft instead of the one before.

    Raises
    ------
    SegdeckError
        If it is no network that can be run; nothing is kept then.
    """
    names = {arrival.path: arrival.name for arrival in arrived}
    try:
        files = sort_files(list(names))
        if models_locked():
            check_room(sum(path.stat().st_size for path in names))
        proposal = propose(files, Path(names[files[0]]).stem)
    except SegdeckError:
        mine.clear()
        raise
    mine.clear(keep=names)
    proposal = keep_apart(proposal) if models_locked() else proposal
    mine.store.get(NetworkDesk).draft = Draft(f"own-{next(_numbers)}", names[files[0]], proposal)


def forget() -> None:
    """Remove the draft and its files."""
    shelf("network").clear()


@st.fragment
def desk(draft: Draft) -> None:
    """Show a test picture and what the network makes of it, beside the fields of its card."""
    proposal = draft.proposal
    st.markdown(f":material/search: {plain(proposal.facts.describe())}")
    shown, fields = st.columns([3, 2], gap="large")
    with fields:
        card = edit_card(proposal.card, proposal.facts.channels, draft.key)
    with shown:
        works = card is not None and compare(draft.key, lambda image: tried(card, proposal.files, image))
    with fields:
        if st.button("Save", type="primary", icon=":material/save:", disabled=not works) and card:
            save(card, proposal)


def save(card: ModelCard, proposal: Proposal) -> None:
    """Add the network to the others, or to the visitor's own, and start anew."""
    own = is_own(card.name)
    try:
        with st.spinner("Trying it and measuring its speed …"):  # what follows from it is done before this run may end
            add(card, proposal.files, own_folder() if own else None)
            if own:
                note_own(card)
            forget()
            session().get(ModelsNews).saved = card.name
    except Exception as error:
        failures.show(error)
        return
    st.rerun()


@st.cache_data(scope="session", max_entries=8, show_spinner=False, hash_funcs={ModelCard: ModelCard.model_dump_json})
def tried(card: ModelCard, files: Mapping[str, Path], image: Image) -> Segmentation:
    return try_on(card, files, image)
