"""The editor of colour ranges: a list that grows and shrinks, each range set by numbers or taken from a colour."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import cv2
import numpy as np
import streamlit as st

from pages.shared.plain_text import plain
from pages.shared.visitor.session import Widget, session
from segcore.methods.color_range import CHANNELS, ColorRange, ColorRangeOptions, range_around
from segcore.picture.frame import ColorSpace

_SPACES: dict[ColorSpace, str] = {
    "hsv": "Hue, saturation, brightness",
    "bgr": "Blue, green, red",
    "lab": "Lab: lightness and two colours",
}
_TO_BGR = {"hsv": cv2.COLOR_HSV2BGR, "lab": cv2.COLOR_LAB2BGR}
_TOLERANCE = 60
_MOST = 20

_numbers = count()


@dataclass
class _Draft:
    """The list as its widgets have it, each range under a number of its own that no other range ever gets.

    The numbers are in the widgets' keys, so a widget never shows what belonged to a range that is gone. A draft lives
    as long as the editor's widgets: after a change of recipe, method or page the editor starts anew from the recipe.
    """

    key: str
    space: ColorSpace
    ranges: dict[int, ColorRange]
    open: int | None


@dataclass
class RangeEditor:
    """The draft of the editor that was shown last; there is one on a page."""

    draft: _Draft | None = None


def edit_ranges(options: ColorRangeOptions, key: str) -> dict[str, Any]:
    """Show the editor and return the values of ``space`` and ``ranges``, which always fit each other."""
    space_box = Widget[ColorSpace](f"{key}-space")
    alive = space_box.is_known
    space = st.selectbox(
        "Colours in numbers as",
        list(_SPACES),
        index=list(_SPACES).index(options.space),
        format_func=_SPACES.__getitem__,
        key=space_box.key,
    )
    mine = session().get(RangeEditor)
    draft = mine.draft
    if not alive or draft is None or (draft.key, draft.space) != (key, space):
        draft = mine.draft = _new_draft(options, space, key)
    for number, one in list(draft.ranges.items()):
        title = Widget[str](f"{key}-{number}-name").value or one.name
        with st.expander(plain(title), number == draft.open, icon=":material/colorize:", key=f"{key}-{number}-box"):
            draft.ranges[number] = _edit_one(draft, number, f"{key}-{number}")
    full = len(draft.ranges) >= _MOST
    st.button("Add a colour", icon=":material/add:", key=f"{key}-add", on_click=_add, args=(draft,), disabled=full)
    return {"space": space, "ranges": _names_apart(draft.ranges.values())}


def _new_draft(options: ColorRangeOptions, space: ColorSpace, key: str) -> _Draft:
    ranges = options.ranges
    if space != options.space:  # a box in one space is no box in another: take the same size around its middle
        ranges = tuple(
            range_around(one.name, _middle(one, options.space), _TOLERANCE, space).model_copy(
                update={"color": one.color}
            )
            for one in ranges
        )
    numbered = {next(_numbers): one for one in ranges}
    return _Draft(key, space, numbered, open=min(numbered) if len(numbered) == 1 else None)


def _middle(one: ColorRange, space: ColorSpace) -> str:
    """Return the colour in the middle of a range, as ``#rrggbb``."""
    middle = [
        (low + (high - low) % (channel.highest + 1) // 2) % (channel.highest + 1)  # also where a hue wraps
        for channel, low, high in zip(CHANNELS[space], one.low, one.high, strict=True)
    ]
    pixel = np.array([[middle]], np.uint8)
    blue, green, red = (pixel if space == "bgr" else cv2.cvtColor(pixel, _TO_BGR[space]))[0, 0]
    return f"#{red:02x}{green:02x}{blue:02x}"


def _edit_one(draft: _Draft, number: int, key: str) -> ColorRange:
    one = draft.ranges[number]
    name = st.text_input("Name", one.name, max_chars=40, key=f"{key}-name")
    if not name.strip():
        st.warning(f"A colour needs a name; it stays “{plain(one.name)}”.", icon=":material/warning:")
    shown, picked = st.columns(2, vertical_alignment="bottom")
    color = shown.color_picker("Shown in", one.color, key=f"{key}-color", help="The colour of its coat in a tint.")
    with picked.popover("Pick a colour", icon=":material/colorize:"):
        wanted = st.color_picker("The colour to find", one.color, key=f"{key}-wanted")
        tolerance = st.slider(
            "Tolerance", 5, 127, _TOLERANCE, key=f"{key}-tolerance", help="How far from it still counts."
        )
        st.button("Find this colour", key=f"{key}-take", on_click=_take, args=(draft, number, wanted, tolerance))
    low, high = [], []
    for index, channel in enumerate(CHANNELS[draft.space]):
        ends = one.low[index], one.high[index]
        if channel.wraps:
            left, right = st.columns(2)
            note = f"0 to {channel.highest}. A start above the end wraps through red."
            ends = (
                left.slider(f"{channel.name} from", 0, channel.highest, ends[0], key=f"{key}-low-{index}", help=note),
                right.slider(f"{channel.name} to", 0, channel.highest, ends[1], key=f"{key}-high-{index}", help=note),
            )
        else:
            ends = st.slider(channel.name, 0, channel.highest, ends, key=f"{key}-ends-{index}")
        low.append(ends[0])
        high.append(ends[1])
    if len(draft.ranges) > 1:
        st.button("Remove", icon=":material/delete:", key=f"{key}-remove", on_click=_remove, args=(draft, number))
    return ColorRange(name=name.strip() or one.name, color=color, low=tuple(low), high=tuple(high))


def _add(draft: _Draft) -> None:
    taken = {one.name for one in draft.ranges.values()}
    name = next(name for n in count(len(taken) + 1) if (name := f"colour {n}") not in taken)
    draft.open = next(_numbers)
    draft.ranges[draft.open] = range_around(name, "#34c759", _TOLERANCE, draft.space)


def _remove(draft: _Draft, number: int) -> None:
    del draft.ranges[number]


def _take(draft: _Draft, number: int, color: str, tolerance: int) -> None:
    """Make a range from a colour, under a new number so that its sliders start at the new ends."""
    draft.open = next(_numbers)
    new = range_around(draft.ranges[number].name, color, tolerance, draft.space)
    draft.ranges = dict((draft.open, new) if at == number else (at, one) for at, one in draft.ranges.items())


def _names_apart(ranges: Iterable[ColorRange]) -> tuple[ColorRange, ...]:
    """Give each range a name of its own, and say so where one had to change."""
    apart: dict[str, ColorRange] = {}
    for one in ranges:
        others = (f"{one.name[:36]} {n}" for n in count(2))
        name = next(name for name in chain((one.name,), others) if name not in apart)
        if name != one.name:
            st.warning(
                f"Two colours are called “{plain(one.name)}”; the second one counts as “{plain(name)}”.",
                icon=":material/warning:",
            )
        apart[name] = one.model_copy(update={"name": name})
    return tuple(apart.values())
