"""The server's doors: which names and addresses it answers, and what browsers may do with its pages.

Streamlit has an allow-list of hosts too, but asks it only where a page connects, and its other addresses stay open.
"""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segcore.settings import settings

_HEALTH = "/_stcore/health"
_MEANT = (_HEALTH, "/_stcore/host-config", "/_stcore/stream", "/_stcore/upload_file/", "/_stcore/bidi-components/")
"""What a page needs of Streamlit's own addresses. The others tell about other visitors or let programs in."""
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+?))\.?(?::[0-9]+)?")
_ALL = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
_PAGES = {
    "X-Frame-Options": "SAMEORIGIN",  # the camera's component is a frame of this very server
    "Content-Security-Policy": (
        "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
"""An image from elsewhere is not fetched, whoever named it: that would tell another server who looks at this page."""


class Doors:
    """Wraps the whole server."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = _refusal(scope)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                html = headers.get("content-type", "").startswith("text/html")
                for name, value in {**_ALL, **(_PAGES if html else {})}.items():
                    headers.setdefault(name, value)
            await send(message)

        if refusal is None:
            await self._app(scope, receive, with_headers)
        elif scope["type"] == "http":
            await refusal(scope, receive, with_headers)
        else:
            await send({"type": "websocket.close", "code": 1008})


def _refusal(scope: Scope) -> PlainTextResponse | None:
    core = re.search("/_stcore(/.*)?$", scope["path"])  # also below an address that all pages share
    if core and not core[0].startswith(_MEANT):
        return PlainTextResponse("There is nothing here.", 404)
    if core and core[0] == _HEALTH:  # asked by what watches the server, by any name
        return None
    if is_host(Headers(scope=scope).get("host", ""), settings().hosts):
        return None
    return PlainTextResponse("Segdeck is not known by this name. Whoever runs it can add it to SEGDECK_HOSTS.", 421)


def is_host(header: str, names: tuple[str, ...]) -> bool:
    """Tell whether a ``Host`` header, with or without a port, has one of some names.

    Parameters
    ----------
    header
        As the browser sent it.
    names
        Such as ``localhost``; ``*.example.org`` is every name that ends so, ``*`` any.
    """
    found = _HOST.fullmatch(header.lower())
    if not found:
        return False
    host = found[1] or found[2]
    return any(
        name in ("*", host) or (name.startswith("*.") and host.endswith(name[1:])) for name in map(str.lower, names)
    )
