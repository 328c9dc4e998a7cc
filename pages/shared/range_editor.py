"""The editor of colour ranges: a list that grows and shrinks, each range set by numbers or taken from a colour."""

from typing import Any

import streamlit as st

from segcore.methods.color_range import CHANNELS, ColorRange, ColorRangeOptions, range_around

_SPACES = {"hsv": "Hue, saturation, brightness", "bgr": "Blue, green, red", "lab": "Lab: lightness and two colours"}
_TOLERANCE = 60


def edit_ranges(options: ColorRangeOptions, key: str) -> dict[str, Any]:
    """Show the editor.

    The list itself is kept under ``key`` in the session, for ranges come and go; so is a number for each range that
    keeps its widgets apart from those of a range that was removed.
    """
    space = st.selectbox(
        "Colours in numbers as",
        _SPACES,
        index=list(_SPACES).index(options.space),
        format_func=_SPACES.get,
        key=f"{key}-space",
    )
    kept = f"{key}-{space}-list"
    if kept not in st.session_state:
        same = space == options.space
        ranges = [one if same else range_around(one.name, one.color, _TOLERANCE, space) for one in options.ranges]
        st.session_state[kept] = {"ranges": dict(enumerate(ranges)), "next": len(ranges)}
    state = st.session_state[kept]
    for number, one in list(state["ranges"].items()):
        with st.expander(one.name, expanded=len(state["ranges"]) == 1, icon=":material/colorize:"):
            state["ranges"][number] = _edit_one(one, space, f"{kept}-{number}", state, number)
    st.button("Add a colour", icon=":material/add:", key=f"{kept}-add", on_click=_add, args=(state, space))
    return {"space": space, "ranges": [one.model_dump() for one in state["ranges"].values()]}


def _edit_one(one: ColorRange, space: str, key: str, state: dict[str, Any], number: int) -> ColorRange:
    name = st.text_input("Name", one.name, max_chars=40, key=f"{key}-name")
    shown, picked = st.columns(2, vertical_alignment="bottom")
    color = shown.color_picker("Shown in", one.color, key=f"{key}-color", help="The colour of its coat in a tint.")
    with picked.popover("Take from a colour", icon=":material/colorize:"):
        wanted = st.color_picker("The colour to find", one.color, key=f"{key}-wanted")
        tolerance = st.slider(
            "Tolerance", 5, 127, _TOLERANCE, key=f"{key}-tolerance", help="How far from it still counts."
        )
        st.button(
            "Find this colour", key=f"{key}-take", on_click=_take, args=(state, number, wanted, tolerance, space, key)
        )
    low, high = [], []
    for index, channel in enumerate(CHANNELS[space]):
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
    if len(state["ranges"]) > 1:
        st.button("Remove", icon=":material/delete:", key=f"{key}-remove", on_click=state["ranges"].pop, args=(number,))
    return one.model_copy(
        update={"name": name.strip() or one.name, "color": color, "low": tuple(low), "high": tuple(high)}
    )


def _add(state: dict[str, Any], space: str) -> None:
    number = state["next"]
    state["ranges"][number] = range_around(f"colour {number + 1}", "#34c759", _TOLERANCE, space)
    state["next"] = number + 1


def _take(state: dict[str, Any], number: int, color: str, tolerance: int, space: str, key: str) -> None:
    """Make a range from a colour, under a new number so that its sliders start at the new ends."""
    name = state["ranges"][number].name
    st.session_state.pop(f"{key}-take", None)
    new = {(state["next"] if at == number else at): one for at, one in state["ranges"].items()}
    new[state["next"]] = range_around(name, color, tolerance, space)
    state["ranges"] = new
    state["next"] += 1
