import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from pages.shared import files
from pages.shared.files import Workspace, remove_stale_workspaces, serve_file

Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def mine() -> Iterator[Workspace]:
    space = Workspace()
    yield space
    space.remove()


def fetch(path: str, **headers: str) -> Answer:
    """Ask the app's own route, as a browser would."""
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


def test_folder_is_private_and_its_own(mine: Workspace, work_dir: Path) -> None:
    other = Workspace()
    assert mine.folder != other.folder
    for folder in (work_dir, mine.folder, other.folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    other.remove()
    assert list(work_dir.iterdir()) == [mine.folder]


def test_offered_file_is_served_whole_and_in_parts(mine: Workspace) -> None:
    path = mine.folder / "result.mp4"
    path.write_bytes(bytes(range(100)))
    address = mine.offer(path)
    status, headers, body = fetch(address)
    assert (status, body, headers["content-type"]) == (200, bytes(range(100)), "video/mp4")
    assert headers["cache-control"] == "private, no-store"
    status, headers, body = fetch(address, range="bytes=10-19")
    assert (status, body, headers["content-range"]) == (206, bytes(range(10, 20)), "bytes 10-19/100")
    assert fetch(address, range="bytes=500-")[0] == 416


def test_addresses_can_not_be_guessed(mine: Workspace) -> None:
    addresses = {mine.offer(mine.folder / f"{number}.mp4") for number in range(50)}
    assert len(addresses) == 50
    assert min(map(len, addresses)) >= len("/files/") + 32


def test_a_new_result_has_a_new_address_and_the_old_one_ends(mine: Workspace) -> None:
    path = mine.folder / "result.mp4"
    path.write_bytes(b"first")
    old = mine.offer(path)
    path.write_bytes(b"second")
    new = mine.offer(path)
    assert fetch(old)[0] == 404
    assert fetch(new)[2] == b"second"


@pytest.mark.parametrize("path", ["nothing", "..", "../../etc/passwd", "%2e%2e%2fetc%2fpasswd", "/etc/passwd", ""])
def test_anything_else_is_not_there(mine: Workspace, path: str) -> None:
    (mine.folder / "secret.mp4").write_bytes(b"secret")
    assert fetch(f"/files/{path}")[0] == 404
    assert fetch(f"/files/{mine.folder.name}/secret.mp4")[0] == 404
    assert fetch("/files/secret.mp4")[0] == 404


@pytest.mark.parametrize("leave", [Workspace.clear, Workspace.remove])
def test_leaving_takes_files_and_addresses_away(mine: Workspace, leave: object) -> None:
    path = mine.folder / "result.mp4"
    path.write_bytes(b"x")
    address = mine.offer(path)
    leave(mine)
    assert not path.exists()
    assert fetch(address)[0] == 404
    assert address.removeprefix("/files/") not in files._offered
    assert mine.folder.exists() == (leave is Workspace.clear)


def test_one_visitor_leaving_leaves_the_other(mine: Workspace) -> None:
    path = mine.folder / "result.mp4"
    path.write_bytes(b"mine")
    address = mine.offer(path)
    other = Workspace()
    other.clear()
    other.remove()
    assert fetch(address)[2] == b"mine"


def test_sweep_takes_only_what_no_server_uses(work_dir: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    tail = "0123456789abcdef"
    stale = [f"{dead.pid}-{tail}", f"{os.getpid()}-{tail}"]  # a container's server gets the same number again
    kept = [f"{os.getppid()}-{tail}", f"1-{tail}", "notes", "a-b", f"{dead.pid}-notes", f"²-{tail}", f"{9**30}-{tail}"]
    for name in (*stale, *kept):
        (work_dir / name).mkdir(parents=True)
        (work_dir / name / "upload.mp4").write_bytes(b"x")
    remove_stale_workspaces()
    assert sorted(path.name for path in work_dir.iterdir()) == sorted(kept)


def test_sweep_without_a_folder(work_dir: Path) -> None:
    remove_stale_workspaces()
    assert not work_dir.exists()
