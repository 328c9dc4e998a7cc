"""Lets a visit outlast a page that is loaded again: the browser's tab remembers whose it is.

To Streamlit such a page is a new session. The tab's own storage is read by no other site and by no other tab; it goes
with the tab.
"""

from collections.abc import Mapping

import streamlit as st

from pages.shared.visitor.session import Widget
from pages.shared.visitor.visits import adopt, visit

_JS = """
const NAME = "segdeck-visit";

export default function ({ data, setStateValue }) {
  const known = sessionStorage.getItem(NAME);
  const asked = `${known} instead of ${data}`;
  if (known && known !== data && window.segdeckAsked !== asked) {
    window.segdeckAsked = asked;  // once for each new session: a visit that is over is not there to be had
    setStateValue("known", known);
  } else {
    sessionStorage.setItem(NAME, data);
  }
}
"""

_tab = Widget[Mapping[str, object]]("tab")
_component = st.components.v2.component("tab", html="<span hidden></span>", js=_JS)


def remember_visit() -> None:
    """Go on with the visit that this tab had before its page was loaded again, if it is still there."""
    _component(key=_tab.key, data=visit().key, on_known_change=lambda: adopt((_tab.value or {}).get("known")))
