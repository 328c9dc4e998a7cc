"""Asking the app's own routes, as a browser would, without a network."""

import asyncio
import json

from starlette.applications import Starlette
from starlette.routing import Route

from pages.shared.files import serve_file
from pages.shared.uploads import take_upload

Answer = tuple[int, dict[str, str], bytes]


def fetch(path: str, **headers: str) -> Answer:
    """Ask for a file."""
    app = Starlette(routes=[Route("/files/{token}", serve_file)])
    told: list[dict] = []

    async def receive() -> dict:
        await asyncio.Event().wait()  # the browser stays and says nothing more
        return {}

    async def send(message: dict) -> None:
        told.append(message)

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": pairs, "root_path": ""}
    asyncio.run(app(scope, receive, send))
    names = {name.decode(): value.decode() for name, value in told[0]["headers"]}
    return told[0]["status"], names, b"".join(message.get("body", b"") for message in told[1:])


async def put(token: str, pieces: list[bytes], *, lost: bool = False, **headers: str) -> tuple[int, dict[str, str]]:
    """Send a body piece by piece, or lose the connection after the last; return the answer's status and content."""
    app = Starlette(routes=[Route("/upload/{token}", take_upload, methods=["PUT"])])
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.disconnect"} if lost else {"type": "http.request", "body": b"", "more_body": False})
    told: list[dict] = []

    async def receive() -> dict:
        await asyncio.sleep(0)
        return messages.pop(0)

    async def send(message: dict) -> None:
        told.append(message)

    headers = {"x_file_name": "a.mp4"} | headers
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    path = f"/upload/{token}"
    scope = {"type": "http", "method": "PUT", "path": path, "query_string": b"", "headers": pairs, "root_path": ""}
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in told[1:])
    return told[0]["status"], json.loads(body) if body else {}


def sent(token: str, pieces: list[bytes], **more: object) -> tuple[int, dict[str, str]]:
    return asyncio.run(put(token, pieces, **more))
