"""Asking the app's own routes, as a browser would, without a network."""

import asyncio
import json
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from pages.shared.visitor.files import serve_file
from pages.shared.visitor.uploads import take_upload

Answer = tuple[int, dict[str, str], bytes]
OURS = Starlette(routes=[Route("/files/{token}", serve_file), Route("/upload/{token}", take_upload, methods=["PUT"])])


async def ask(
    app: ASGIApp, method: str, path: str, pieces: Sequence[bytes] = (), *, lost: bool = False, **headers: str
) -> Answer:
    """Send a request, its body piece by piece, or lose the connection after the last; return the answer."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.disconnect"} if lost else {"type": "http.request", "body": b"", "more_body": False})
    told: list[dict] = []

    async def receive() -> dict:
        await asyncio.sleep(0)
        if not messages:
            await asyncio.Event().wait()  # the browser stays and says nothing more
        return messages.pop(0)

    async def send(message: dict) -> None:
        told.append(message)

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": pairs, "root_path": ""}
    await app(scope, receive, send)
    names = {name.decode(): value.decode() for name, value in told[0]["headers"]}
    return told[0]["status"], names, b"".join(message.get("body", b"") for message in told[1:])


def fetch(path: str, **headers: str) -> Answer:
    """Ask for a file."""
    return asyncio.run(ask(OURS, "GET", path, **headers))


async def put(token: str, pieces: Sequence[bytes], *, lost: bool = False, **headers: str) -> tuple[int, dict[str, str]]:
    """Upload a file; return the answer's status and what it says."""
    headers = {"x_file_name": "a.mp4"} | headers
    status, _, body = await ask(OURS, "PUT", f"/upload/{token}", pieces, lost=lost, **headers)
    return status, json.loads(body) if body else {}


def sent(token: str, pieces: Sequence[bytes], **more: object) -> tuple[int, dict[str, str]]:
    return asyncio.run(put(token, pieces, **more))
