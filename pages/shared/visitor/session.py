"""What the pages keep of a visitor for as long as their session with Streamlit lasts.

Streamlit's session state is one dictionary in which any name may stand for anything. Here it has one entry of ours: a
store in which each part of the pages keeps one object, of a class of its own. Such a class never stands in a page's
script: that is run anew each time, so the class would be another one each time.

What belongs to a visitor's files is kept beside them instead: see `visits.py`.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import streamlit as st

Kept = TypeVar("Kept")
Value = TypeVar("Value")
_KEY = "segdeck"


class TypedStore:
    """Keeps one object of each class."""

    def __init__(self) -> None:
        self._by_class: dict[type, Any] = {}

    def get(self, kind: type[Kept]) -> Kept:
        """Return the object of a class, which is made, of its defaults, when it is first asked for."""
        if kind not in self._by_class:
            self._by_class[kind] = kind()
        return cast(Kept, self._by_class[kind])

    def clear(self) -> None:
        """Let go of everything."""
        self._by_class.clear()


def session() -> TypedStore:
    """Return what is kept for whom this script runs."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = TypedStore()
    return cast(TypedStore, st.session_state[_KEY])


@dataclass(frozen=True)
class Widget(Generic[Value]):
    """A widget of Streamlit's that is asked for its value before it is shown, as a callback must do.

    Attributes
    ----------
    key
        The widget's key, under which Streamlit keeps the value.
    """

    key: str

    @property
    def is_known(self) -> bool:
        """Whether it was shown in the last run of the page."""
        return self.key in st.session_state

    @property
    def value(self) -> Value | None:
        """What it is set to; None also where it was not shown."""
        return cast(Value | None, st.session_state.get(self.key))

    def set(self, value: Value | None) -> None:
        """Set it, before it is shown in this run."""
        st.session_state[self.key] = value
