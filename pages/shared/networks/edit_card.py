"""The form of a network's card: what it is called, how it is fed, what its numbers mean, what its labels are."""

from typing import Any, Literal

import streamlit as st
from pydantic import ValidationError

from pages.shared.plain_text import plain
from pages.shared.visitor.streamlit_inside import Container
from segcore.networks.card import CardLabel, ModelCard, PerChannel
from segcore.networks.folders import is_own
from segcore.networks.label_guesses import describe_labels, label_count, propose_labels
from segcore.networks.proposal import CAFFE, IMAGENET, RAW, SYMMETRIC, UNIT
from segcore.options import explain

_FEEDS = {
    "0 to 1": UNIT,
    "-1 to 1": SYMMETRIC,
    "0 to 255": RAW,
    "Less ImageNet's mean": IMAGENET,
    "Less Caffe's mean": CAFFE,
}
_OTHER = "Something else"
_ORDERS: dict[Literal["rgb", "bgr"], str] = {"rgb": "Red, green, blue", "bgr": "Blue, green, red"}
_OUTPUTS = {
    "probability": "Probabilities from 0 to 1",
    "logits": "Scores of any size",
    "argmax": "The number of the label",
}
_MOST_LABELS = 254


def edit_card(card: ModelCard, channels: int, key: str) -> ModelCard | None:
    """Show a card's fields.

    Parameters
    ----------
    card
        What they show at first.
    channels
        How many the network answers with.
    key
        Starts the keys of the widgets; a new one makes them start anew.

    Returns
    -------
    ModelCard
        As the fields are set now; None where one holds something wrong, which is then said.
    """
    title, name = st.columns(2)
    values: dict[str, Any] = {
        "title": title.text_input("Title", card.title, max_chars=60, key=f"{key}-title"),
        "name": card.name if is_own(card.name) else _edit_name(name, card, f"{key}-name"),
        "licence": st.text_input("Licence", card.licence, max_chars=60, key=f"{key}-licence"),
        "input": _edit_input(card, f"{key}-input"),
        **_edit_output(card, channels, f"{key}-output"),
    }
    values["family"] = values["name"]
    values["task"] = describe_labels([label["name"] for label in values["labels"]])
    try:
        return ModelCard.model_validate({**card.model_dump(), **values})
    except ValidationError as error:
        st.warning(plain(str(explain(error))), icon=":material/warning:")
        return None


def _edit_name(place: Container, card: ModelCard, key: str) -> str:
    return place.text_input("Short name", card.name, max_chars=40, key=key, help="As recipes name it.")


def _edit_input(card: ModelCard, key: str) -> dict[str, Any]:
    feed = card.input
    width, height = st.columns(2)
    width_px = width.number_input("Width (px)", 1, None, feed.width_px, key=f"{key}-width")
    height_px = height.number_input("Height (px)", 1, None, feed.height_px, key=f"{key}-height")
    now = (feed.scale, feed.mean, feed.std)
    names = [*_FEEDS, _OTHER]
    proposed = next((name for name, one in _FEEDS.items() if (one.scale, one.mean, one.std) == now), _OTHER)
    chosen = st.selectbox(
        "Pixel values",
        names,
        names.index(proposed),
        help="What it was trained with. Try another where the result looks wrong.",
        key=f"{key}-feed",
    )
    start = _FEEDS.get(chosen, feed)
    scale, mean, std = start.scale, start.mean, start.std
    if chosen == _OTHER:
        scale = st.number_input("Scale", 0.0, None, feed.scale, format="%g", key=f"{key}-scale")
        mean = _edit_per_channel("Mean", feed.mean, f"{key}-mean")
        std = _edit_per_channel("Deviation", feed.std, f"{key}-std")
    channels = st.segmented_control(
        "Order of colours",
        list(_ORDERS),
        default=start.channels,
        required=True,
        format_func=_ORDERS.__getitem__,
        key=f"{key}-{chosen}-order",
    )
    return {
        **dict(feed),
        "width_px": width_px,
        "height_px": height_px,
        "scale": scale,
        "mean": mean,
        "std": std,
        "channels": channels,
    }


def _edit_per_channel(label: str, values: PerChannel, key: str) -> PerChannel:
    columns = zip(st.columns(3), values, strict=True)
    first, second, third = (
        column.number_input(f"{label} {place}", None, None, value, format="%g", key=f"{key}-{place}")
        for place, (column, value) in enumerate(columns, start=1)
    )
    return first, second, third


def _edit_output(card: ModelCard, channels: int, key: str) -> dict[str, Any]:
    outputs = list(_OUTPUTS) if channels == 1 else ["probability", "logits"]
    output = st.selectbox("Answer", outputs, outputs.index(card.output.kind), format_func=_OUTPUTS.__getitem__, key=key)
    if output == "argmax":
        count = st.number_input("Labels", 1, _MOST_LABELS, len(card.labels), key=f"{key}-count")
    else:
        background = channels > 1 and st.toggle(
            "The first channel is the background", len(card.labels) < channels, key=f"{key}-background"
        )
        count = label_count(channels, background=background)
    start = card.labels if count == len(card.labels) else propose_labels(count)
    with st.expander(f"Labels ({count})", icon=":material/label:", key=f"{key}-{count}-labels"):
        labels = [_edit_label(label, n, f"{key}-{count}-{n - 1}") for n, label in enumerate(start, start=1)]
    return {"output": {"kind": output}, "labels": labels}


def _edit_label(label: CardLabel, number: int, key: str) -> dict[str, str]:
    left, right = st.columns([1, 8], vertical_alignment="center")
    color = left.color_picker(
        f"Colour of label {number}", label.color, key=f"{key}-color", label_visibility="collapsed"
    )
    name = right.text_input(
        f"Name of label {number}", label.name, max_chars=40, key=f"{key}-name", label_visibility="collapsed"
    )
    return {"color": color, "name": name}
