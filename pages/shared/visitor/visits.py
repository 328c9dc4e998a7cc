"""Visits: each visitor's files. They outlast a lost connection, and go some time after their visitor has left.

A visit belongs to whoever has its key, and the key is only ever in that visitor's session. Streamlit's caches of
a session would be the wrong place: they are emptied at each lost connection, of four seconds too, while the session
lives.
"""

import asyncio
import logging
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread

from pages.shared.visitor import streamlit_inside
from pages.shared.visitor.session import session
from pages.shared.visitor.shelves import Shelf
from segcore.files.work_folder import ServerFolder
from segcore.settings import settings

_SWEEP_EVERY_S = 2
_visits: dict[str, "Visit"] = {}
_guard = Lock()
_server_folder: ServerFolder | None = None


class Visit:
    """One visitor's files, in shelves.

    Attributes
    ----------
    key
        Unguessable.
    sessions
        The numbers of Streamlit's sessions that have it, by which it is known whether the visitor is connected: each
        page that is loaded again is a new one.
    folder
        Holds the shelves' folders.
    shelves
        By name.
    uploading
        Held by the one upload that may be on its way.
    """

    def __init__(self, session: str) -> None:
        self.key = secrets.token_urlsafe(24)
        self.sessions = {session}
        self.folder = _own_folder() / secrets.token_hex(8)
        self.folder.mkdir(mode=0o700)
        self.shelves: dict[str, Shelf] = {}
        self.uploading = asyncio.Lock()
        self.use()

    def shelf(self, name: str) -> Shelf:
        """Return the shelf of this name, which is made when it is first asked for."""
        if name not in self.shelves:
            self.shelves[name] = Shelf(self.folder / name)
        return self.shelves[name]

    def use(self) -> None:
        """Begin all times anew: the visitor is here."""
        for shelf in self.shelves.values():
            shelf.use()
        self._used_at_s = time.monotonic()

    @property
    def expired(self) -> bool:
        """Whether there is nothing to come back to."""
        return not self.shelves and time.monotonic() - self._used_at_s > 60 * settings().keep_minutes

    @property
    def held_bytes(self) -> int:
        """How much this visitor's files take."""
        total = 0
        for path in self.folder.rglob("*"):
            with suppress(FileNotFoundError):  # a job renames its files when they are whole
                total += path.stat().st_size if path.is_file() else 0
        return total

    def sweep(self) -> None:
        """Remove the shelves whose time has come."""
        for name, shelf in list(self.shelves.items()):
            if shelf.expired:
                del self.shelves[name]
                shelf.clear()
                shutil.rmtree(shelf.folder, ignore_errors=True)

    def remove(self) -> None:
        """Remove everything."""
        for shelf in self.shelves.values():
            shelf.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class VisitKey:
    """The key of the visit that a session goes on with; none at first."""

    key: str = ""


def visit() -> Visit:
    """Return the visit of whom this script runs for."""
    known = session().get(VisitKey)
    with _guard:
        mine = _visits.get(known.key)
        if mine is None:
            mine = Visit(streamlit_inside.current_session())
            _visits[mine.key] = mine
            known.key = mine.key
        mine.use()
    return mine


def adopt(key: object) -> None:
    """Go on with an earlier visit, if there is one with this key, instead of the one that has just begun."""
    known = session().get(VisitKey)
    with _guard:
        earlier = _visits.get(key) if isinstance(key, str) else None
        begun = _visits.get(known.key)
        if earlier is None or earlier is begun:
            return
        earlier.sessions.add(streamlit_inside.current_session())
        earlier.use()
        known.key = earlier.key
        if begun:
            begun.sessions.discard(streamlit_inside.current_session())


def shelf(name: str) -> Shelf:
    """Return one of this visitor's shelves."""
    return visit().shelf(name)


def find_shelf(token: str) -> tuple[Visit, Shelf] | None:
    """Return the visit and the shelf that have this token."""
    for one in list(_visits.values()):
        for shelf in list(one.shelves.values()):
            if secrets.compare_digest(shelf.token.encode(), token.encode()):
                return one, shelf
    return None


@contextmanager
def open_visits() -> Iterator[None]:
    """Keep visits, and sweep up what visitors leave behind, until this is left; then all visits end.

    Raises
    ------
    SegdeckError
        If the work folder can't be used.
    """
    _own_folder()
    stop = Event()

    def keep_sweeping() -> None:
        while not stop.wait(_SWEEP_EVERY_S):
            try:
                sweep()
            except Exception:  # whatever went wrong with one visit, the next ones' files must go, too
                logging.getLogger(__name__).exception("Visitors' files could not be swept up")

    Thread(target=keep_sweeping, name="segdeck-sweep", daemon=True).start()
    try:
        yield
    finally:
        stop.set()
        close_visits()


def sweep() -> None:
    """Remove what visitors left who have been away for long enough."""
    with _guard:  # none comes back just now
        for key, one in list(_visits.items()):
            if any(map(streamlit_inside.is_connected, one.sessions)):
                one.use()
                continue
            one.sweep()
            if one.expired:
                one.remove()
                del _visits[key]
                for session in one.sessions:
                    streamlit_inside.drop_uploads(session)


def close_visits() -> None:
    """End every visit, and remove this server's folder."""
    global _server_folder
    with _guard:
        for one in _visits.values():
            one.remove()
        _visits.clear()
        if _server_folder:
            _server_folder.close()
            _server_folder = None


def _own_folder() -> Path:
    global _server_folder
    if _server_folder is None:
        _server_folder = ServerFolder(settings().work_dir)
    return _server_folder.path
