"""Pages without a browser: the scripts run, their words are read, their controls moved."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
import streamlit as st
import streamlit_webrtc
from streamlit.runtime import Runtime
from streamlit.runtime.caching import cache_data_api, cache_resource_api
from streamlit.testing.v1 import AppTest

from pages.shared.visitor import visits
from pages.shared.visitor.session import Kept
from segcore.settings import settings
from tests.conftest import ROOT
from tests.pages import browsing
from tests.pages.asking import sent
from tests.pages.reading import read

Open = Callable[[str], AppTest]


def lose_connection() -> None:
    """Do what Streamlit does at each lost connection. All of AppTest's visitors have the same number."""
    for caches in (cache_data_api, cache_resource_api):
        caches.clear_session_cache("test session id")


@pytest.fixture(autouse=True)
def work_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the test's own for visitors' files."""
    folder = tmp_path / "work"
    monkeypatch.setenv("SEGDECK_WORK_DIR", str(folder))
    settings.cache_clear()
    yield folder
    lose_connection()
    visits.close_visits()
    settings.cache_clear()


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open the app at a page, as a new visitor. The camera itself is the browser suite's."""
    monkeypatch.chdir(ROOT)
    stopped = SimpleNamespace(state=SimpleNamespace(playing=False, signalling=False))
    monkeypatch.setattr(streamlit_webrtc, "webrtc_streamer", lambda **_: stopped)

    def at(page: str) -> AppTest:
        app = AppTest.from_file(ROOT / "pages" / "main.py", default_timeout=20)
        app.context = {"url": f"http://localhost:8501/{page}"}
        return go(app.run(), page)

    return at


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Path]:
    """A script for a server of Streamlit's."""
    browsing.seen.clear()
    path = tmp_path / "script.py"
    path.write_text(browsing.SCRIPT)
    yield path
    Runtime._instance = None  # there is one a process


def files_in(work_dir: Path) -> list[str]:
    """Return the names of all files that visitors have."""
    return sorted(path.name for path in work_dir.glob("server-*/*/*/*"))


def kept(app: AppTest, kind: type[Kept]) -> Kept:
    """Return what the pages keep of a class in the visitor's session."""
    return app.session_state["segdeck"].get(kind)


def send(app: AppTest, shelf: str, *files: tuple[str, bytes]) -> AppTest:
    """Upload files to one of the visitor's shelves, as the page's script in the browser does."""
    mine = visits._visits[kept(app, visits.VisitKey).key].shelf(shelf)
    answers = [sent(mine.token, [content], x_file_name=quote(name)) for name, content in files]
    assert [status for status, _ in answers] == [200] * len(files)
    app.session_state[f"{shelf}-upload"] = {"arrived": [answer["id"] for _, answer in answers]}
    return read(app.run())


@pytest.fixture
def ended_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first run of a page that has something to wait for end there, as a click at that moment does."""
    clicks = [1]

    @contextmanager
    def spinner(_: str) -> Iterator[None]:
        try:
            yield
        finally:
            if clicks:
                clicks.pop()
                st.rerun()

    monkeypatch.setattr(st, "spinner", spinner)


def go(app: AppTest, page: str) -> AppTest:
    return read(app.switch_page(f"{page}.py").run())
