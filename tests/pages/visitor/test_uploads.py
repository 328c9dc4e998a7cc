"""The upload route, spoken to as a browser speaks, and what names become."""

import asyncio
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.shared.visitor import visits
from pages.shared.visitor.shelves import Accepts, Shelf
from pages.shared.visitor.uploads import shown_name
from pages.shared.visitor.visits import Visit
from segcore.settings import settings
from tests.pages.asking import put, sent

MB = 1_000_000


@pytest.fixture
def mine() -> Iterator[Visit]:
    here = Visit("one")
    visits._visits[here.key] = here
    here.shelf("clip").accepts = Accepts(("mp4", "mov"), 2)
    yield here
    visits.close_visits()


@pytest.fixture
def shelf(mine: Visit) -> Shelf:
    return mine.shelf("clip")


def names(shelf: Shelf) -> list[str]:
    return [path.name for path in shelf.folder.iterdir()]


@pytest.mark.parametrize("sizes", [[], [1], [70_000] * 20, [MB, MB], [2 * MB]])
def test_a_file_arrives_whole(shelf: Shelf, sizes: list[int]) -> None:
    pieces = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
    status, answer = sent(shelf.token, pieces)
    (arrival,) = shelf.arrived
    assert (status, answer) == (200, {"id": arrival.id})
    assert arrival.name == "a.mp4"
    assert arrival.path.read_bytes() == b"".join(pieces)
    assert names(shelf) == [arrival.path.name]


def test_nothing_of_the_name_is_in_the_path(shelf: Shelf) -> None:
    sent(shelf.token, [b"x"], x_file_name=quote("../secret/../näme.MOV"))
    (arrival,) = shelf.arrived
    assert arrival.name == "näme.MOV"
    assert arrival.path.parent == shelf.folder
    assert arrival.path.suffix == ".mov"
    assert "secret" not in str(arrival.path)
    assert "näme" not in str(arrival.path)


@pytest.mark.parametrize(
    "said", [{}, {"content_length": "5"}, {"content_length": str(3 * MB)}, {"content_length": "²"}]
)
def test_too_large_a_file_is_refused_whatever_was_said_before(shelf: Shelf, said: dict[str, str]) -> None:
    status, answer = sent(shelf.token, [bytes(MB)] * 3, **said)
    assert (status, answer) == (400, {"error": "This file is too large; the largest accepted has 2 MB."})
    assert names(shelf) == shelf.arrived == []


def test_what_is_said_to_be_too_large_is_not_read(shelf: Shelf) -> None:
    assert sent(shelf.token, [], content_length=str(3 * MB))[0] == 400


@pytest.mark.parametrize("pieces", [[], [b"x"], [bytes(MB), b"x"]])
def test_a_lost_connection_leaves_nothing(shelf: Shelf, pieces: list[bytes]) -> None:
    sent(shelf.token, pieces, lost=True)
    assert names(shelf) == shelf.arrived == []


@pytest.mark.parametrize("name", ["", "a", "a.exe", "mp4", ".mp4", "a.mp4/", "a.mp4.toml", "a.mp4%00.exe"])
def test_another_kind_of_file_is_refused(shelf: Shelf, name: str) -> None:
    status, answer = sent(shelf.token, [b"x"], x_file_name=name)
    assert status == 400
    assert answer["error"].endswith("one of .mp4, .mov.")
    assert names(shelf) == []


@pytest.mark.parametrize("token", ["nothing", "%2e%2e", "²", "a" * 43])
def test_without_the_token_nothing_is_taken(shelf: Shelf, token: str) -> None:
    assert sent(token, [b"x"])[0] == 404
    assert sent(shelf.token[:-1], [b"x"])[0] == 404
    assert names(shelf) == []


def test_a_shelf_that_offers_no_way_in_takes_nothing(mine: Visit) -> None:
    closed = mine.shelf("photo")
    assert sent(closed.token, [b"x"])[0] == 404
    assert names(closed) == []


def test_a_visit_that_ended_takes_nothing(shelf: Shelf) -> None:
    visits.close_visits()
    assert sent(shelf.token, [b"x"])[0] == 404


def test_what_a_visit_holds_in_all_is_bounded(shelf: Shelf, mine: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDECK_MAX_VISIT_MB", "3")
    monkeypatch.setenv("SEGDECK_MAX_UPLOAD_MB", "2")
    settings.cache_clear()
    with (mine.shelf("network").folder / "net.onnx").open("wb") as file:
        file.truncate(2 * MB)
    assert sent(shelf.token, [bytes(MB)])[0] == 200
    status, answer = sent(shelf.token, [b"x"])
    assert status == 400
    assert "more than 3 MB" in answer["error"]


def test_the_number_of_files_is_bounded(shelf: Shelf) -> None:
    answers = [sent(shelf.token, [b"x"])[0] for _ in range(15)]
    assert answers == [200] * 10 + [400] * 5
    assert len(names(shelf)) == 10


def test_a_visit_sends_one_file_at_a_time(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.shared.visitor.uploads._WAIT_S", 0.01)

    async def two() -> list[int]:
        visit = next(iter(visits._visits.values()))
        await visit.uploading.acquire()
        while_busy = await put(shelf.token, [b"x"])
        visit.uploading.release()
        return [while_busy[0], (await put(shelf.token, [b"x"]))[0]]

    assert asyncio.run(two()) == [400, 200]


def test_removed_in_the_middle_it_leaves_nothing_and_says_so(shelf: Shelf) -> None:
    async def race() -> tuple[int, dict[str, str]]:
        coming = asyncio.create_task(put(shelf.token, [bytes(MB)] * 2))
        while not names(shelf):
            await asyncio.sleep(0)
        shelf.clear()
        return await coming

    status, answer = asyncio.run(race())
    assert status == 400
    assert "/" not in answer["error"]
    assert names(shelf) == shelf.arrived == []


@given(st.text(st.characters(codec="utf-8")))
def test_a_shown_name_is_one_short_line_without_folders(name: str) -> None:
    shown = shown_name(quote(name))
    assert 0 < len(shown) <= 160
    assert shown.isprintable()
    assert not set("/\\") & set(shown)


def test_a_name_in_any_writing_is_kept() -> None:
    assert shown_name(quote("夏の 思い出 (1).mp4")) == "夏の 思い出 (1).mp4"
    assert shown_name(quote("C:\\films\\a.mp4")) == "a.mp4"
    assert shown_name("%ff%fe.mp4").endswith(".mp4")
