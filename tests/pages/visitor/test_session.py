"""What the pages keep in a visitor's session."""

from dataclasses import dataclass

from streamlit.testing.v1 import AppTest

from pages.shared.visitor.session import TypedStore
from segcore.picture.photo import write_png
from tests.conftest import ROOT, noise
from tests.pages.conftest import Open, go, send
from tests.pages.reading import find, pick, put, read


@dataclass
class Count:
    number: int = 0


def test_there_is_one_object_of_each_class_until_the_store_is_cleared() -> None:
    store = TypedStore()
    store.get(Count).number = 3
    assert store.get(Count).number == 3
    store.clear()
    assert store.get(Count).number == 0


def test_all_that_pages_keep_stands_under_one_name(visit: Open) -> None:
    """Whatever else is there belongs to a widget that is shown: with the page it goes."""
    app = visit("live")
    pick(app, "Find the colours")
    put(app, "slider", "Hue from", 90)
    app = send(go(app, "photo"), "photo", ("a.png", write_png(noise(40, 60))))
    pick(app, "Cut out what I mark")
    app = go(go(app, "video"), "models")
    left = {
        name for name in app.session_state.to_dict() if not name.startswith(("install", "look", "remove", "cancel"))
    }
    assert left - {"tab", "network-upload"} == {"segdeck"}


def test_only_one_module_knows_the_session_state() -> None:
    pages = {path for path in (ROOT / "pages").rglob("*.py") if "session_state" in path.read_text("utf-8")}
    assert pages == {ROOT / "pages" / "shared" / "visitor" / "session.py"}


def _page() -> None:
    import streamlit as st

    from pages.shared.visitor.session import Widget

    name = Widget[str]("name")
    st.text(f"{name.is_known} {name.value}")
    if name.value is None:
        name.set("Anna")
    st.text_input("Name", key=name.key)


def test_a_widget_tells_its_value_before_it_is_shown_and_can_be_set() -> None:
    app = read(AppTest.from_function(_page).run())
    assert app.text[0].value == "False None"
    assert find(app, "text_input", "Name").value == "Anna"
    put(app, "text_input", "Name", "Ben")
    assert app.text[0].value == "True Ben"
