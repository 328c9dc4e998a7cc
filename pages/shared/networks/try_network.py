"""What a network finds in a test picture, and whether a person says that it is right."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.shared.desk.show import in_the_picture, in_words, smaller
from pages.shared.networks.change_network import attempt
from pages.shared.plain_text import plain
from pages.shared.server import failures
from segcore.methods.network import NetworkOptions
from segcore.networks.card import ModelCard
from segcore.networks.store import confirm
from segcore.objects.measures import measure
from segcore.overlays.tint import Tint
from segcore.picture.canvas import Canvas
from segcore.picture.frame import Frame
from segcore.picture.photo import read_photo_in_worker
from segcore.segmentation import Image, Segmentation
from segcore.settings import settings

_TEST_PICTURE = Path("pages/assets/astronaut.jpg")
_TINT = Tint(strength=0.65)


def compare(key: str, segment: Callable[[Image], Segmentation]) -> bool:
    """Show a test picture and, beside it, what a network finds in it; tell whether it could."""
    pictures = st.container()
    image = _choose_picture(key)
    before, after = pictures.columns(2)
    before.image(image, caption="Original", alt="The test picture", channels="BGR", output_format="JPEG")
    try:
        with after, st.spinner("Segmenting …"):
            segmentation = segment(image)
    except Exception as error:
        with after:
            failures.show(error)
        return False
    tinted = _TINT.draw(Canvas.sharing_image(image), segmentation).bgr()
    after.image(tinted, caption="Result", alt="What the network finds in it", channels="BGR", output_format="JPEG")
    pictures.caption(f"Finds: {in_words(in_the_picture(measure(segmentation).coverage_percent))}.")
    return True


@st.dialog("Does it look right?", width="large", icon=":material/visibility:")
def look_at(card: ModelCard) -> None:
    """Show what an installed network makes of a test picture, and let a person say that it works."""
    st.markdown(plain(f"{card.title}. {card.task}"))
    if not compare(
        f"look-{card.name}", lambda image: NetworkOptions(model=card.name).build().segment(Frame.of_image(image))
    ):
        return
    words = "Looks right: mark as confirmed"
    if st.button(words, type="primary", icon=":material/verified:", on_click=attempt, args=(confirm, card)):
        st.rerun()


def _choose_picture(key: str) -> Image:
    """Offer to choose a test picture and return it; the astronaut until then. It is stored nowhere."""
    upload = st.file_uploader(
        "Another test picture: PNG, JPEG or WebP",
        ["png", "jpg", "jpeg", "webp"],
        max_upload_size=settings().max_photo_mb,
        key=f"{key}-picture",
    )
    if upload:
        try:
            return _decoded(upload.getvalue())
        except Exception as error:
            failures.show(error)
    return _decoded(_TEST_PICTURE.read_bytes())


@st.cache_data(scope="session", max_entries=2, show_spinner=False)
def _decoded(content: bytes) -> Image:
    return smaller(read_photo_in_worker(content).image)
