"""What stands before Streamlit's own upload address, in a real server of Streamlit's."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from starlette.middleware import Middleware

from pages.shared.server.upload_guard import UploadGuard
from pages.shared.visitor import streamlit_inside
from segcore.settings import settings
from tests.pages.asking import ask
from tests.pages.browsing import Leave, with_a_browser

_MB = 1_000_000
_FRAME = (b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n', b"\r\n--x--\r\n")
Put = Callable[..., Awaitable[int]]


@pytest.fixture
def app(script: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[st.App]:
    """One with a small limit, and without the cookie that a real browser brings along."""
    monkeypatch.setenv("SEGDECK_MAX_PHOTO_MB", "1")
    settings.cache_clear()
    before = st.config.get_option("server.enableXsrfProtection")
    st.config.set_option("server.enableXsrfProtection", False)
    yield st.App(script, middleware=[Middleware(UploadGuard)])
    st.config.set_option("server.enableXsrfProtection", before)


async def put(app: st.App, session: str, number: str, size_bytes: int, **more: str | None) -> int:
    """Send a file as Streamlit's uploader does; return the answer's status. A header of None is left out."""
    body = _FRAME[0] + bytes(size_bytes) + _FRAME[1]
    headers = {"content_type": "multipart/form-data; boundary=x", "content_length": str(len(body))} | more
    headers = {name: value for name, value in headers.items() if value is not None}
    return (await ask(app, "PUT", f"/_stcore/upload_file/{session}/{number}", [body], **headers))[0]


def test_a_session_holds_no_more_than_two_large_files_under_any_numbers(app: st.App) -> None:
    async def look(session: str, _: Leave) -> None:
        assert [await put(app, session, f"made-up-{n}", _MB) for n in range(12)] == [204] * 2 + [413] * 10
        assert streamlit_inside.stored_bytes(session) == 2 * _MB
        assert await put(app, session, "small", 1_000) == 204

    asyncio.run(with_a_browser(app, look))


def test_files_that_come_at_once_are_counted_together(app: st.App) -> None:
    async def look(session: str, _: Leave) -> None:
        answers = await asyncio.gather(*(put(app, session, f"made-up-{n}", _MB) for n in range(5)))
        assert sorted(answers) == [204] * 2 + [413] * 3

    asyncio.run(with_a_browser(app, look))


def test_what_does_not_say_its_size_is_not_read(app: st.App) -> None:
    async def look(session: str, _: Leave) -> None:
        assert await put(app, session, "1", 10, content_length=None) == 411
        assert await put(app, session, "1", 10, content_length="-5") == 411
        assert await put(app, session, "1", 10, transfer_encoding="chunked") == 411
        assert streamlit_inside.stored_bytes(session) == 0

    asyncio.run(with_a_browser(app, look))


def test_who_is_not_here_can_send_nothing(app: st.App) -> None:
    async def look(session: str, leave: Leave) -> None:
        assert await put(app, "no-such-session", "1", 10) == 404
        await leave()
        assert await put(app, session, "1", 10) == 404
        assert streamlit_inside.stored_bytes(session) == 0

    asyncio.run(with_a_browser(app, look))
