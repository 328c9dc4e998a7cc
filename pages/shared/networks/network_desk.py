"""A desk for networks of one's own: upload, see what was found, correct the card against a test picture, save."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import streamlit as st

from pages.shared.desk.show import in_the_picture, in_words, kept_row, plain, smaller
from pages.shared.networks.card_form import edit_card
from pages.shared.server import failures
from pages.shared.visitor.own_networks import check_room, note_own, own_folder
from pages.shared.visitor.rights import models_locked
from pages.shared.visitor.uploads import upload_box
from pages.shared.visitor.visits import Accepts, Arrival, Shelf, shelf
from segcore.errors import SegdeckError
from segcore.methods.network import NetworkOptions
from segcore.networks.adding import add, try_on
from segcore.networks.card import ModelCard
from segcore.networks.folders import is_own
from segcore.networks.formats import CONFIG_ENDINGS, KINDS, sort_files
from segcore.networks.proposal import Proposal, keep_apart, propose
from segcore.networks.store import confirm
from segcore.objects.measures import measure
from segcore.overlays.tint import Tint
from segcore.picture.canvas import Canvas
from segcore.picture.photo import read_photo_in_worker
from segcore.segmentation import Image, Segmentation
from segcore.settings import settings

_TEST_PICTURE = Path("pages/assets/astronaut.jpg")
_TINT = Tint(strength=0.65)
_ENDINGS = tuple(ending[1:] for ending in (*KINDS, *CONFIG_ENDINGS.values()))
_numbers = count()


@dataclass(frozen=True)
class Draft:
    """An uploaded network in the visitor's folder, and what is proposed for it. ``key`` starts its widgets' keys."""

    key: str
    name: str
    proposal: Proposal


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
        try:
            with st.spinner("Trying the network …"):
                keep(arrived, mine)
        except Exception as error:
            mine.things["refused"] = failures.in_words(error)
    draft: Draft | None = mine.things.get("draft")
    if draft:
        kept_row(draft.name, forget)
    elif refused := mine.things.get("refused"):
        st.error(plain(refused), icon=":material/error:")
    return draft


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
    mine.things["draft"] = Draft(f"own-{next(_numbers)}", names[files[0]], proposal)


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
        if st.button("Save", type="primary", icon=":material/save:", disabled=not works):
            save(card, proposal)


def save(card: ModelCard, proposal: Proposal) -> None:
    """Add the network to the others, or to the visitor's own, and start anew."""
    own = is_own(card.name)
    try:
        with st.spinner("Trying it and measuring its speed …"):
            add(card, proposal.files, own_folder() if own else None)
    except Exception as error:
        failures.show(error)
        return
    if own:
        note_own(card)
    forget()
    st.session_state["own_saved"] = card.name
    st.rerun()


@st.cache_data(scope="session", max_entries=8, show_spinner=False, hash_funcs={ModelCard: ModelCard.model_dump_json})
def tried(card: ModelCard, files: Mapping[str, Path], image: Image) -> Segmentation:
    return try_on(card, files, image)


@st.dialog("Does it look right?", width="large", icon=":material/visibility:")
def look_at(card: ModelCard) -> None:
    """Show what an installed network makes of a test picture, and let a person say that it works."""
    st.markdown(plain(f"{card.title}. {card.task}"))
    if not compare(f"look-{card.name}", lambda image: NetworkOptions(model=card.name).build().segment(image)):
        return
    words = "Looks right: mark as confirmed"
    if st.button(words, type="primary", icon=":material/verified:", on_click=attempt, args=(confirm, card)):
        st.rerun()


def attempt(change: Callable[[ModelCard], object], card: ModelCard) -> None:
    """Change a network, and have what goes wrong shown in its card."""
    try:
        change(card)
    except Exception as error:
        st.session_state["models_error"] = (card.name, failures.in_words(error))


def test_picture(key: str) -> Image:
    """Offer to choose a test picture and return it; the astronaut until then. It is stored nowhere."""
    upload = st.file_uploader(
        "Another test picture: PNG, JPEG or WebP",
        ["png", "jpg", "jpeg", "webp"],
        max_upload_size=settings().max_photo_mb,
        key=f"{key}-picture",
    )
    if upload:
        try:
            return decoded(upload.getvalue())
        except Exception as error:
            failures.show(error)
    return decoded(_TEST_PICTURE.read_bytes())


@st.cache_data(scope="session", max_entries=2, show_spinner=False)
def decoded(content: bytes) -> Image:
    return smaller(read_photo_in_worker(content).image)


def compare(key: str, split: Callable[[Image], Segmentation]) -> bool:
    """Show a test picture and, beside it, what a network finds in it; tell whether it could."""
    pictures = st.container()
    image = test_picture(key)
    before, after = pictures.columns(2)
    before.image(image, caption="Original", alt="The test picture", channels="BGR", output_format="JPEG")
    try:
        with after, st.spinner("Splitting …"):
            segmentation = split(image)
    except Exception as error:
        with after:
            failures.show(error)
        return False
    tinted = _TINT.draw(Canvas.of_image(image), segmentation).bgr()
    after.image(tinted, caption="Result", alt="What the network finds in it", channels="BGR", output_format="JPEG")
    pictures.caption(f"Finds: {in_words(in_the_picture(measure(segmentation).coverage_percent))}.")
    return True
