import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.visitor import visits
from pages.shared.visitor.files import offer
from pages.shared.visitor.shelves import Shelf
from pages.shared.visitor.visits import Visit, sweep
from segcore.settings import settings
from tests.pages.asking import fetch
from tests.pages.conftest import lose_connection


@dataclass
class Note:
    """What a page might keep of its files."""

    text: str = ""


class Digging:
    """A job that works until it is cancelled."""

    def __init__(self, shelf: Shelf) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._dig, args=(shelf.folder / "hole",))
        self._thread.start()
        self.running = True

    def _dig(self, path: Path) -> None:
        path.write_bytes(b"x")
        self._stop.wait()
        path.unlink()

    def cancel(self) -> None:
        self._stop.set()
        self._thread.join()
        self.running = False


@pytest.fixture
def mine() -> Iterator[Visit]:
    yield (here := Visit("one"))
    here.remove()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files go as soon as their visitor has."""
    monkeypatch.setenv("SEGDECK_KEEP_MINUTES", "1e-9")
    settings.cache_clear()


def put(shelf: Shelf, name: str = "a.mp4") -> Path:
    path = shelf.folder / name
    path.write_bytes(b"x")
    return path


def ask() -> AppTest:
    """A visitor whose page asks for the visit and tells its key."""

    def page() -> None:
        import streamlit as st

        from pages.shared.visitor.visits import visit

        st.text(visit().key)

    return AppTest.from_function(page).run()


def test_folders_are_private_and_each_visitors_own(mine: Visit) -> None:
    other = Visit("two")
    assert mine.shelf("clip").folder != other.shelf("clip").folder
    for path in (mine.folder, mine.shelf("clip").folder, mine.folder.parent, mine.folder.parent.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    other.remove()
    assert mine.shelf("clip").folder.is_dir()


def test_a_visit_outlasts_a_lost_connection_and_no_one_else_has_it() -> None:
    app, other = ask(), ask()
    key = app.text[0].value
    assert len(key) >= 32
    lose_connection()
    assert app.run().text[0].value == key
    assert other.text[0].value != key


def load_again(key: object) -> AppTest:
    """A page that is loaded again: a new session, whose tab tells the key that it remembers."""

    def page(key: object) -> None:
        import streamlit as st

        from pages.shared.visitor.visits import adopt, visit

        first = visit().key
        adopt(key)
        st.text(f"{first} {visit().key}")

    return AppTest.from_function(page, args=(key,)).run()


def test_a_page_that_is_loaded_again_goes_on_with_its_visit() -> None:
    key = ask().text[0].value
    begun, now = load_again(key).text[0].value.split()
    assert begun != key
    assert now == key


@pytest.mark.parametrize("key", ["", "x" * 32, None, 5, ["a"], {"a": 1}])
def test_no_other_key_opens_a_visit(key: object) -> None:
    other = ask().text[0].value
    begun, now = load_again(key).text[0].value.split()
    assert begun == now != other


def test_clearing_a_shelf_leaves_the_others(mine: Visit) -> None:
    clip, draft = put(mine.shelf("clip")), put(mine.shelf("network"))
    mine.shelf("clip").store.get(Note).text = "known"
    address = offer(clip)
    mine.shelf("clip").clear()
    assert (clip.exists(), draft.exists()) == (False, True)
    assert mine.shelf("clip").store.get(Note).text == ""
    assert fetch(address)[0] == 404


def test_clearing_can_spare_a_file(mine: Visit) -> None:
    old, new = put(mine.shelf("clip")), put(mine.shelf("clip"), "b.mp4")
    mine.shelf("clip").clear(keep=[new])
    assert (old.exists(), new.exists()) == (False, True)


def test_clearing_ends_the_job_first(mine: Visit) -> None:
    shelf = mine.shelf("clip")
    shelf.job = job = Digging(shelf)
    shelf.clear()
    assert not job.running
    assert list(shelf.folder.iterdir()) == []


def test_files_stay_until_their_time_has_come(mine: Visit) -> None:
    path = put(mine.shelf("clip"))
    mine.sweep()
    assert path.exists()


@pytest.mark.usefixtures("at_once")
def test_files_go_and_what_a_job_made_stays_longer(mine: Visit) -> None:
    draft, result = put(mine.shelf("network")), put(mine.shelf("clip"))
    mine.shelf("network").store.get(Note).text = "known"
    mine.shelf("clip").keeps_longer = True
    time.sleep(0.01)
    mine.sweep()
    assert (draft.exists(), result.exists()) == (False, True)
    assert mine.shelf("network").store.get(Note).text == "", "an empty shelf, not one whose files are missing"
    mine.shelf("clip").keeps_longer = False
    mine.sweep()
    assert not result.exists()


@pytest.mark.usefixtures("at_once")
def test_a_job_that_works_keeps_its_files(mine: Visit) -> None:
    shelf = mine.shelf("clip")
    shelf.job = Digging(shelf)
    path = put(shelf)
    time.sleep(0.01)
    mine.sweep()
    assert path.exists()
    shelf.stop_job()
    time.sleep(0.01)
    mine.sweep()
    assert not path.exists()


@pytest.mark.usefixtures("at_once")
def test_a_visitor_who_comes_back_too_late_begins_anew(work_dir: Path) -> None:
    app = ask()
    key = app.text[0].value
    time.sleep(0.01)
    sweep()
    assert visits._visits == {}
    assert list(work_dir.glob("server-*/*/")) == []
    assert app.run().text[0].value != key


def test_the_end_of_the_server_ends_jobs_and_removes_all(work_dir: Path) -> None:
    ask()
    one = next(iter(visits._visits.values()))
    shelf = one.shelf("clip")
    shelf.job = job = Digging(shelf)
    visits.close_visits()
    assert not job.running
    assert [path.name for path in work_dir.iterdir()] == ["lock"]


def test_what_a_visit_holds_is_added_up(mine: Visit) -> None:
    (mine.shelf("clip").folder / "a").write_bytes(bytes(1000))
    (mine.shelf("network").folder / "b").write_bytes(bytes(500))
    assert mine.held_bytes == 1500
