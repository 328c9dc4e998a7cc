"""The controls of the network method: which network, which of its labels, and the legend of their colours."""

from collections import Counter
from html import escape
from typing import Any

import streamlit as st

from pages.shared.plain_text import plain
from pages.shared.visitor.own_networks import networks_of_this_visit
from segcore.methods.network import NetworkOptions
from segcore.networks.card import CardLabel, ModelCard
from segcore.networks.catalogue import cards

_LEGEND = (
    '<ul aria-label="Legend" style="display:flex;flex-wrap:wrap;gap:.2rem .9rem;padding:0;margin:0;list-style:none">'
)
_ENTRY = (
    '<li style="display:flex;align-items:center;gap:.35rem;font-size:.9rem"><span aria-hidden="true" style="'
    'width:.8rem;height:.8rem;border-radius:.2rem;border:1px solid #8886;background:{color}"></span>{name}</li>'
)


def choose_network(options: NetworkOptions, key: str) -> dict[str, Any]:
    """Show the controls and return their values, by the options' fields."""
    known = (*networks_of_this_visit().values(), *cards().values())
    model = _choose_network(known, options.model, key)
    chosen = [card for card in known if model in (card.family, card.name)]
    if not chosen:
        return {"model": model}
    _tell(chosen)
    same = model == options.model
    labels = _choose_labels(chosen[0], options.classes if same else (), f"{key}-{model}")
    colors = _choose_colors(chosen[0], labels, options.colors if same else (), f"{key}-{model}")
    return {"model": model, "classes": labels, "colors": colors}


def _choose_network(known: tuple[ModelCard, ...], now: str, key: str) -> str:
    """Offer each family once, by what people call it; a recipe may also name a card, or one that is not here."""
    names = list(dict.fromkeys([*(card.family for card in known), now]))
    families = Counter(card.family for card in known)
    titles = {card.family: card.title if families[card.family] == 1 else card.title.partition(",")[0] for card in known}
    return st.selectbox(
        "Network",
        names,
        index=names.index(now),
        format_func=lambda name: titles.get(name) or name.replace("_", " ").capitalize(),
        key=key,
    )


def _tell(chosen: list[ModelCard]) -> None:
    here = "" if all(card.installed for card in chosen) else " It is not installed here yet: see the Models page."
    st.caption(plain(chosen[0].task) + here)


def _choose_labels(card: ModelCard, now: tuple[str, ...], key: str) -> tuple[str, ...]:
    names = [label.name for label in card.labels]
    if len(names) == 1:
        return ()
    return tuple(
        st.multiselect(
            "Labels",
            names,
            [name for name in now if name in names],
            placeholder=f"All {len(names)}",
            help="What to find. What is not chosen counts as background.",
            key=f"{key}-labels",
        )
    )


def _choose_colors(
    card: ModelCard, chosen: tuple[str, ...], now: tuple[CardLabel, ...], key: str
) -> tuple[CardLabel, ...]:
    """Show the legend, and let one label after another have another colour."""
    own = {label.name: label.color for label in now}
    shown = {label.name: own.get(label.name, label.color) for label in card.labels}
    found = [name for name in shown if not chosen or name in chosen]
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("Colours", icon=":material/palette:"):
            name = st.selectbox("Label", found, key=f"{key}-label") if len(found) > 1 else found[0]
            shown[name] = st.color_picker(f"Colour of {plain(name)}", shown[name], key=f"{key}-color-{name}")
        entries = (_ENTRY.format(color=shown[name], name=escape(name)) for name in found)
        st.html(f"{_LEGEND}{''.join(entries)}</ul>")
    return tuple(
        CardLabel(name=label.name, color=shown[label.name]) for label in card.labels if shown[label.name] != label.color
    )
