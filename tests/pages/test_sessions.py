"""What is asked of Streamlit's inside still works: a real server of its own, spoken to as a browser speaks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import Runtime
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from pages.shared import sessions

_SCRIPT = """
from pages.shared import sessions
from tests.pages import test_sessions
test_sessions.seen.append(sessions.current_session())
"""
seen: list[str] = []


@asynccontextmanager
async def connected(app: st.App, kind: str, **scope: object) -> AsyncIterator[tuple[asyncio.Queue, asyncio.Queue]]:
    """Open a connection to an app, without a network; what goes in and what comes out are queues of messages."""
    to_app, from_app = asyncio.Queue(), asyncio.Queue()
    whole = {"type": kind, "asgi": {"version": "3.0"}, "headers": [], "query_string": b"", "root_path": "", **scope}
    task = asyncio.create_task(app(whole, to_app.get, from_app.put))
    try:
        yield to_app, from_app
    finally:
        await task


async def until(true: Callable[[], object]) -> None:
    while not true():
        await asyncio.sleep(0.01)


Leave = Callable[[], Awaitable[None]]


async def with_a_browser(script: Path, then: Callable[[str, Leave], Awaitable[None]]) -> None:
    """Run a server, connect one browser, and call ``then`` with its session and a way to disconnect."""
    app = st.App(script)
    address = {"path": "/_stcore/stream", "scheme": "ws", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2)}
    async with connected(app, "lifespan") as (to_app, from_app):
        await to_app.put({"type": "lifespan.startup"})
        assert (await from_app.get())["type"] == "lifespan.startup.complete"
        async with connected(app, "websocket", subprotocols=[], **address) as (to_socket, from_socket):
            await to_socket.put({"type": "websocket.connect"})
            assert (await from_socket.get())["type"] == "websocket.accept"
            run = BackMsg()
            run.rerun_script.query_string = ""
            await to_socket.put({"type": "websocket.receive", "bytes": run.SerializeToString()})
            await until(lambda: seen)
            session = seen[0]

            async def leave() -> None:
                await to_socket.put({"type": "websocket.disconnect", "code": 1001})
                await until(lambda: not sessions.is_connected(session))

            await then(session, leave)
        await to_app.put({"type": "lifespan.shutdown"})


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Path]:
    seen.clear()
    path = tmp_path / "script.py"
    path.write_text(_SCRIPT)
    yield path
    Runtime._instance = None


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

    asyncio.run(with_a_browser(script, look))


def test_without_a_server_nobody_is_connected() -> None:
    assert not sessions.is_connected("any")
    sessions.drop_uploads("any")
