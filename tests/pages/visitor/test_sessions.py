"""What is asked of Streamlit's inside still works."""

import asyncio
from pathlib import Path

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from pages.shared.visitor import sessions
from tests.pages.browsing import Leave, with_a_browser


def test_it_is_known_who_is_connected_and_what_they_hold(script: Path) -> None:
    async def look(session: str, leave: Leave) -> None:
        assert sessions.is_connected(session)
        assert not sessions.is_connected("no such session")
        store = Runtime.instance().uploaded_file_mgr
        store.add_file(session, UploadedFileRec("1", "a.png", "", bytes(1000)))
        store.add_file("another", UploadedFileRec("1", "a.png", "", bytes(10)))
        assert sessions.stored_bytes(session) == 1000
        await leave()
        sessions.drop_uploads(session)
        assert sessions.stored_bytes(session) == 0
        assert sessions.stored_bytes("another") == 10
        assert sessions.stored_bytes("no such session") == 0

    asyncio.run(with_a_browser(st.App(script), look))


def test_without_a_server_nobody_is_connected() -> None:
    assert not sessions.is_connected("any")
    sessions.drop_uploads("any")
