"""Large files from a browser to a visitor's shelf, written to disk as they come, with progress on the page.

Streamlit's own uploader reads a file whole into memory and keeps it there. Here the page tells the browser an address
that holds the shelf's token, and the route behind it takes the file. A page of another site can't send anything: it
does not know the token, and nothing else, no cookie, gives the right to.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import unquote

import anyio.to_thread
import streamlit as st
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from pages.shared.visitor.shelves import Accepts, Arrival, Shelf
from pages.shared.visitor.streamlit_inside import UploadedFile
from pages.shared.visitor.visits import Visit, find_shelf, shelf
from segcore.errors import SegdeckError
from segcore.settings import settings

_PIECE_BYTES = 1 << 20
_WAIT_S = 5  # for an upload that was just cancelled to be over
_MOST_FILES = 10
_LONGEST_STEM = 80
_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "uploads",
    html=(_HERE / "uploads.html").read_text("utf-8"),
    css=(_HERE / "uploads.css").read_text("utf-8"),
    js=(_HERE / "uploads.js").read_text("utf-8"),
)


def upload_box(name: str, label: str, accepts: Accepts, *, several: bool = False) -> list[Arrival]:
    """Show a place to drop files or choose them, and return those that came last and are not yet taken.

    Parameters
    ----------
    name
        The shelf's name. Clearing the shelf takes all that came.
    label
        What is wanted, for people.
    accepts
        What may come.
    several
        Whether files may come together; they are returned together then.
    """
    mine = shelf(name)
    mine.accepts = accepts
    state = _component(
        key=f"{name}-upload",
        data={
            "address": f"upload/{mine.token}",  # beside the page's own address
            "label": label,
            "endings": accepts.endings,
            "limit_mb": accepts.limit_mb,
            "several": several,
        },
        on_arrived_change=lambda: None,
    )
    wanted = state.arrived if isinstance(state.arrived, list) else []
    return [arrival for arrival in mine.arrived if arrival.id in wanted]


def shelve(file: UploadedFile, shelf: Shelf) -> Arrival:
    """Write a file of one of Streamlit's widgets to a shelf.

    Raises
    ------
    SegdeckError
        If it can't be written.
    """
    arrival = _arrival(file.name, shelf)
    try:
        arrival.path.write_bytes(file.getbuffer())
    except OSError as error:
        arrival.path.unlink(missing_ok=True)
        raise SegdeckError(f"The file could not be kept: {error.strerror}.") from error
    return arrival


def _arrival(name: str, shelf: Shelf) -> Arrival:
    number = secrets.token_hex(8)
    return Arrival(number, name, shelf.folder / f"upload-{number}{PurePosixPath(name).suffix.lower()}")


async def take_upload(request: Request) -> Response:
    """Take one file to the shelf whose token the address has. What goes wrong is told in one sentence."""
    found = find_shelf(request.path_params["token"])
    accepts = found[1].accepts if found else None
    if found is None or accepts is None:
        return JSONResponse({"error": "This page is from an earlier visit; load it again."}, 404)
    try:
        arrival = await _receive(request, *found, accepts)
    except SegdeckError as error:
        return JSONResponse({"error": str(error)}, 400)
    except ClientDisconnect:
        return Response()  # nobody is there to read it
    return JSONResponse({"id": arrival.id})


async def _receive(request: Request, visit: Visit, shelf: Shelf, accepts: Accepts) -> Arrival:
    name = shown_name(request.headers.get("x-file-name", ""))
    if PurePosixPath(name).suffix.lower()[1:] not in accepts.endings:
        endings = ", ".join(f".{one}" for one in accepts.endings)
        raise SegdeckError(f"This kind of file is not accepted here; it must end in one of {endings}.")
    async with _one_at_a_time(visit):
        if len(shelf.arrived) >= _MOST_FILES:
            raise SegdeckError(f"{_MOST_FILES} files are here already; remove them first.")
        room = _Room(accepts.limit_mb, await anyio.to_thread.run_sync(lambda: visit.held_bytes))
        promised = request.headers.get("content-length", "")
        room.check(int(promised) if promised.isdecimal() else 0)
        arrival = _arrival(name, shelf)
        part = arrival.path.with_name(f"{arrival.path.name}.part")
        try:
            with part.open("xb") as file:
                async for size_bytes in _write(request, file):
                    room.check(size_bytes)
                    visit.use()
            os.replace(part, arrival.path)
        except OSError as error:
            raise SegdeckError(f"The file could not be kept: {error.strerror}.") from error
        finally:
            part.unlink(missing_ok=True)
        shelf.arrived.append(arrival)
    return arrival


async def _write(request: Request, file: IO[bytes]) -> AsyncIterator[int]:
    """Write what comes, in large pieces and off the event loop; yield how much has come before it is written."""
    waiting, size_bytes = bytearray(), 0
    async for chunk in request.stream():
        waiting += chunk
        if len(waiting) >= _PIECE_BYTES:
            size_bytes += len(waiting)
            yield size_bytes
            await anyio.to_thread.run_sync(partial(file.write, bytes(waiting)))
            waiting.clear()
    yield size_bytes + len(waiting)
    await anyio.to_thread.run_sync(partial(file.write, bytes(waiting)))


class _Room:
    """How large a file may be, by itself and with what the visit holds already."""

    def __init__(self, limit_mb: int, held_bytes: int) -> None:
        self._limit_mb, self._held_bytes = limit_mb, held_bytes

    def check(self, size_bytes: int) -> None:
        """Refuse a file that is too large."""
        if size_bytes > self._limit_mb * 1_000_000:
            raise SegdeckError(f"This file is too large; the largest accepted has {self._limit_mb} MB.")
        if size_bytes + self._held_bytes > settings().visit_bytes:
            raise SegdeckError(
                f"With this file you would have more than {settings().visit_bytes / 1e6:.0f} MB here; "
                "remove something first."
            )


@asynccontextmanager
async def _one_at_a_time(visit: Visit) -> AsyncIterator[None]:
    try:
        await asyncio.wait_for(visit.uploading.acquire(), _WAIT_S)
    except TimeoutError:
        raise SegdeckError("Another file of yours is on its way; wait until it is here.") from None
    try:
        yield
    finally:
        visit.uploading.release()


def shown_name(sent: str) -> str:
    """Return a file's name, sent in per cent code, as one short line without a folder and signs that can't be seen."""
    name = unquote(sent).replace("\\", "/").rpartition("/")[2]
    path = PurePosixPath("".join(sign for sign in name if sign.isprintable()).strip() or "file")
    return f"{path.stem[:_LONGEST_STEM]}{path.suffix[:_LONGEST_STEM]}"
