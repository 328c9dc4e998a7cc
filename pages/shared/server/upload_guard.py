"""Limits what comes to Streamlit's own upload address, whose files stay in the server's memory.

Streamlit takes a file under any number that a browser makes up, as often as it likes, and none goes before the session
does. Large files have a way of their own: see pages/shared/visitor/uploads.py.
"""

import re
from collections import Counter

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.shared.visitor import streamlit_inside
from segcore.settings import settings

_ADDRESS = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+$")
_MOST_FILES = 2  # of the largest size; smaller ones may be more
_FRAME_BYTES = 1 << 16  # around a file in the body of a request


class UploadGuard:
    """Middleware that refuses what would be too much, before any of it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._coming: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = scope["type"] == "http" and scope["method"] == "PUT" and _ADDRESS.search(scope["path"])
        if not found:
            await self._app(scope, receive, send)
            return
        session, headers = found[1], Headers(scope=scope)
        length = headers.get("content-length", "")
        if not length.isdecimal() or "transfer-encoding" in headers:
            await PlainTextResponse("The file's size must be said.", 411)(scope, receive, send)
            return
        if not streamlit_inside.is_connected(session):
            await PlainTextResponse("There is no such visit.", 404)(scope, receive, send)
            return
        if int(length) + self._coming[session] + streamlit_inside.stored_bytes(session) > _limit_bytes():
            await PlainTextResponse("This visit holds too much already.", 413)(scope, receive, send)
            return
        self._coming[session] += int(length)
        try:
            await self._app(scope, receive, send)
        finally:
            self._coming[session] -= int(length)
            self._coming += Counter()  # drops what is zero


def _limit_bytes() -> int:
    return _MOST_FILES * (settings().max_photo_mb * 1_000_000 + _FRAME_BYTES)
