"""A real server of Streamlit's, and one browser's connection to it, spoken as a browser speaks; without a network."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackMsg

from pages.shared.visitor import streamlit_inside

SCRIPT = """
from pages.shared.visitor import streamlit_inside
from tests.pages import browsing
browsing.seen.append(streamlit_inside.current_session())
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


async def with_a_browser(app: st.App, then: Callable[[str, Leave], Awaitable[None]]) -> None:
    """Run a server, connect one browser, and call ``then`` with its session and a way to disconnect."""
    address = {"path": "/_stcore/stream", "scheme": "ws", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2)}
    async with connected(app, "lifespan") as (to_app, from_app):
        await to_app.put({"type": "lifespan.startup"})
        assert (await from_app.get())["type"] == "lifespan.startup.complete"
        try:
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
                    await until(lambda: not streamlit_inside.is_connected(session))

                try:
                    await then(session, leave)
                finally:
                    await leave()
        finally:
            await to_app.put({"type": "lifespan.shutdown"})
