"""Files that a visitor's browser may fetch, at addresses that nobody can guess."""

import secrets
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

_offered: dict[str, Path] = {}
"""Files that may be fetched, by token. A token is only ever told to the visitor whose file it is."""


def offer(path: Path) -> str:
    """Make a file fetchable by its visitor's browser, and return its path on this server.

    Each time the path is a new one, and the one before leads nowhere: a browser that knows a path does not ask again.
    """
    withdraw(path)
    token = f"{secrets.token_urlsafe(24)}{path.suffix}"
    _offered[token] = path
    return f"/files/{token}"


def withdraw(path: Path) -> None:
    """Make a file, or all files in a folder, fetchable no more."""
    for token, offered in list(_offered.items()):
        if offered.is_relative_to(path):
            _offered.pop(token, None)


async def serve_file(request: Request) -> Response:
    """Serve an offered file, also in parts, as a video player asks for it."""
    path = _offered.get(request.path_params["token"])
    if path is None or not path.is_file():
        return PlainTextResponse("There is no such file, or it is gone.", 404)
    kind, way = ("video/mp4", "inline") if path.suffix == ".mp4" else ("application/octet-stream", "attachment")
    return FileResponse(
        path,
        headers={"Cache-Control": "private, no-store"},
        media_type=kind,  # nothing that a browser would run, whatever is in it
        filename=path.name,
        content_disposition_type=way,
    )
