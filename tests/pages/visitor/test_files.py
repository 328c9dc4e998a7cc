from collections.abc import Iterator
from pathlib import Path

import pytest

from pages.shared.visitor.files import offer, withdraw
from tests.pages.asking import fetch


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    withdraw(tmp_path)


def test_offered_file_is_served_whole_and_in_parts(folder: Path) -> None:
    path = folder / "result.mp4"
    path.write_bytes(bytes(range(100)))
    address = offer(path)
    status, headers, body = fetch(address)
    assert (status, body, headers["content-type"]) == (200, bytes(range(100)), "video/mp4")
    assert headers["cache-control"] == "private, no-store"
    status, headers, body = fetch(address, range="bytes=10-19")
    assert (status, body, headers["content-range"]) == (206, bytes(range(10, 20)), "bytes 10-19/100")
    assert fetch(address, range="bytes=500-")[0] == 416


def test_addresses_can_not_be_guessed(folder: Path) -> None:
    addresses = {offer(folder / f"{number}.mp4") for number in range(50)}
    assert len(addresses) == 50
    assert min(map(len, addresses)) >= len("/files/") + 32


def test_a_new_result_has_a_new_address_and_the_old_one_ends(folder: Path) -> None:
    path = folder / "result.mp4"
    path.write_bytes(b"first")
    old = offer(path)
    path.write_bytes(b"second")
    new = offer(path)
    assert fetch(old)[0] == 404
    assert fetch(new)[2] == b"second"


@pytest.mark.parametrize("path", ["nothing", "..", "../../etc/passwd", "%2e%2e%2fetc%2fpasswd", "/etc/passwd", ""])
def test_anything_else_is_not_there(folder: Path, path: str) -> None:
    (folder / "secret.mp4").write_bytes(b"secret")
    assert fetch(f"/files/{path}")[0] == 404
    assert fetch(f"/files/{folder.name}/secret.mp4")[0] == 404
    assert fetch("/files/secret.mp4")[0] == 404


def test_a_withdrawn_folder_takes_only_its_own_files_with_it(folder: Path) -> None:
    addresses = {}
    for name in ("a", "ab"):
        (folder / name).mkdir()
        path = folder / name / "result.mp4"
        path.write_bytes(name.encode())
        addresses[name] = offer(path)
    withdraw(folder / "a")
    assert fetch(addresses["a"])[0] == 404
    assert fetch(addresses["ab"])[2] == b"ab"
