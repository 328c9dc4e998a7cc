"""What is asked of Streamlit's inside still works."""

import asyncio
import re
from pathlib import Path

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest

from pages.shared.visitor import streamlit_inside
from tests.conftest import ROOT
from tests.pages.browsing import Leave, with_a_browser
from tests.pages.reading import read


def test_it_is_known_who_is_connected_and_what_they_hold(script: Path) -> None:
    async def look(session: str, leave: Leave) -> None:
        assert streamlit_inside.is_connected(session)
        assert not streamlit_inside.is_connected("no such session")
        store = Runtime.instance().uploaded_file_mgr
        store.add_file(session, UploadedFileRec("1", "a.png", "", bytes(1000)))
        store.add_file("another", UploadedFileRec("1", "a.png", "", bytes(10)))
        assert streamlit_inside.stored_bytes(session) == 1000
        await leave()
        streamlit_inside.drop_uploads(session)
        assert streamlit_inside.stored_bytes(session) == 0
        assert streamlit_inside.stored_bytes("another") == 10
        assert streamlit_inside.stored_bytes("no such session") == 0

    asyncio.run(with_a_browser(st.App(script), look))


def test_without_a_server_nobody_is_connected() -> None:
    assert not streamlit_inside.is_connected("any")
    streamlit_inside.drop_uploads("any")


def _page() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from pages.shared.visitor.streamlit_inside import Container, UploadedFile, current_session, let_go

    assert isinstance(st.container(), Container)
    file = st.file_uploader("File")
    if file:
        assert isinstance(file, UploadedFile)
        store = get_script_run_ctx().uploaded_file_mgr
        held = [len(store.get_files(current_session(), [file.file_id]))]
        let_go(file)
        st.text([*held, len(store.get_files(current_session(), [file.file_id]))])


def test_a_file_that_was_let_go_is_gone() -> None:
    app = AppTest.from_function(_page).run()
    app.file_uploader[0].set_value(("a.bin", b"abc", "application/octet-stream"))
    assert read(app.run()).text[0].value == "[1, 0]"


def test_nothing_else_of_the_pages_looks_inside_streamlit() -> None:
    inside = re.compile(r"streamlit\.(runtime|delta_generator|elements|proto|web)\b|\bst\._")
    found = {path.name for path in (ROOT / "pages").rglob("*.py") if inside.search(path.read_text("utf-8"))}
    assert found == {"streamlit_inside.py"}
