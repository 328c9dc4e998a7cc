"""A visitor's files: a folder of their own while they are here, and addresses that nobody can guess.

A folder's name starts with the number of the process that made it, so a later start can tell which are stale.
"""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from segcore.settings import settings

_offered: dict[str, Path] = {}
"""Files that may be fetched, by token. A token is only ever told to the visitor whose file it is."""


class Workspace:
    """One visitor's folder."""

    def __init__(self) -> None:
        settings().work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = settings().work_dir / f"{os.getpid()}-{secrets.token_hex(8)}"
        self.folder.mkdir(mode=0o700)
        self._tokens: dict[Path, str] = {}
        self._job = Lock()
        self._removed = False

    @contextmanager
    def one_job(self) -> Iterator[None]:
        """Wait until no other job writes here, and be the one that does.

        Streamlit begins the run after a click while the run before is still tidying up.
        """
        with self._job:
            try:
                yield
            finally:
                if self._removed:
                    self.remove()

    def offer(self, path: Path) -> str:
        """Make a file fetchable by this visitor's browser, and return its path on this server.

        Each time the path is a new one, and the one before leads nowhere: a browser that knows a path does not ask
        again.
        """
        self._withdraw(path)
        token = self._tokens[path] = f"{secrets.token_urlsafe(24)}{path.suffix}"
        _offered[token] = path
        return f"/files/{token}"

    def clear(self) -> None:
        """Remove all files, once no job writes any more; the folder stays."""
        with self.one_job():
            self._withdraw(*self._tokens)
            for path in self.folder.iterdir():
                if path.is_file():  # a network of the visitor's own is a folder, and stays
                    path.unlink()

    def remove(self) -> None:
        """Remove the folder with all that is in it: the visitor has gone. A job that still writes removes it again."""
        self._removed = True
        self._withdraw(*self._tokens)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _withdraw(self, *paths: Path) -> None:
        for path in paths:
            _offered.pop(self._tokens.pop(path, ""), None)


@st.cache_resource(scope="session", on_release=Workspace.remove, show_spinner=False)
def workspace() -> Workspace:
    """Return this visitor's folder."""
    return Workspace()


def remove_stale_workspaces() -> None:
    """Remove the folders of servers that no longer run."""
    for folder in settings().work_dir.glob("*"):
        ours = re.fullmatch(r"([0-9]{1,9})-[0-9a-f]{16}", folder.name)
        if ours and not _runs(int(ours[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(number: int) -> bool:
    """Tell whether another process has this number. A container's server may have the number of the one before it."""
    if number == os.getpid():
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


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
