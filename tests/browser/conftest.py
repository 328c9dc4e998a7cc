"""A real Segdeck, a real Chromium, and a fake camera that shows a real person."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, Playwright, Request, expect, sync_playwright

from segcore.pipeline import build_pipeline
from segcore.recipe import load_recipe
from segcore.segmentation import Image
from tests.browser.camera import write_clip

ROOT = Path(__file__).resolve().parents[2]
_SEGDECK = (sys.executable, "-m", "segcore.cli")
SCREENSHOTS = ROOT / "tests" / "screenshots"
WAIT_MS = 60_000
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_AXE_RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
_NOTHING_FADES = """() => document.getAnimations().every(one =>
    one.playState !== "running" || !["opacity", "color"].includes(one.transitionProperty))"""
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

expect.set_options(timeout=WAIT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
    # Last, for they take longest, and Playwright keeps an event loop that no other test may meet.
    items.sort(key=lambda item: here in item.path.parents)


class Server:
    """A running Segdeck and the folder that holds its visitors' files."""

    def __init__(self, url: str, work_dir: Path, process: subprocess.Popen[bytes], log: Path) -> None:
        self.url, self.work_dir, self.process, self.log = url, work_dir, process, log
        self._earlier: set[Path] = set()

    def forget_visits(self) -> None:
        """Count no more on visits that have been; their files stay for a while."""
        self._earlier = set(self.work_dir.glob("server-*/*"))

    def files(self) -> list[Path]:
        """Return every file that visitors have here."""
        visits = set(self.work_dir.glob("server-*/*")) - self._earlier
        return [path for visit in visits for path in visit.glob("*/*") if path.is_file()]


@contextmanager
def running_server(
    folder: Path, *, command: Sequence[str] = _SEGDECK, cwd: Path = ROOT, host: str = "", **environment: str
) -> Iterator[Server]:
    """Start Segdeck on a free port, and end it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    work_dir, log = folder / "work", folder / "log.txt"
    settings = {**os.environ, "SEGDECK_WORK_DIR": str(work_dir), **environment}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "run", "--port", str(port), *(["--host", host] if host else [])],
            cwd=cwd,
            env=settings,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    url = f"http://{host or 'localhost'}:{port}"
    try:
        _until_answers(f"{url}/_stcore/health", process, log)
        yield Server(url, work_dir, process, log)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _until_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    while True:
        try:
            with urllib.request.urlopen(url, timeout=60):
                return
        except OSError:
            if process.poll() is not None:
                pytest.fail(f"Segdeck did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def server(one_server: Server) -> Server:
    one_server.forget_visits()
    return one_server


@pytest.fixture(scope="session")
def playwright_() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def camera(request: pytest.FixtureRequest, astronaut: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fake camera's clip. The person is cut out by the network whose work is tested with a pattern behind."""
    request.getfixturevalue("weights")
    person = build_pipeline(load_recipe("silhouette"))(astronaut).segmentation.foreground().opacity()
    return write_clip(tmp_path_factory.mktemp("camera") / "camera.mjpeg", astronaut, person)


OpenBrowser = Callable[..., BrowserContext]


@pytest.fixture
def open_browser(playwright_: Playwright, tmp_path: Path) -> Iterator[OpenBrowser]:
    """Start a Chromium with a profile of its own; flags and options of the test's choice are added.

    Whatever the test does, the pages may ask nothing of any other server.
    """
    opened: list[BrowserContext] = []
    visited, asked = set[str](), set[str]()

    def note(request: Request) -> None:
        if (host := urlsplit(request.url).hostname) and not request.url.startswith("blob:"):
            (visited if request.is_navigation_request() else asked).add(host)

    def start(*flags: str, **options: object) -> BrowserContext:
        context = playwright_.chromium.launch_persistent_context(
            tmp_path / f"profile-{len(opened)}",
            executable_path=shutil.which("chromium"),
            args=[*FLAGS, *flags],
            **{"viewport": DESKTOP, "accept_downloads": True, **options},
        )
        context.set_default_timeout(WAIT_MS)
        context.on("request", note)
        opened.append(context)
        return context

    yield start
    for context in opened:
        context.close()
    assert asked <= visited, "a page asked another server"


def camera_flags(clip: Path) -> list[str]:
    """Return the flags that make ``clip`` the camera and allow it."""
    return [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={clip}",
    ]


def take_screenshots(page: Page, name: str) -> None:
    """Save the page as a customer sees it, on a desktop and on a phone, and let axe judge it by WCAG 2.1 AA."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for kind, size in (("desktop", DESKTOP), ("phone", PHONE)):
        page.set_viewport_size(size)
        page.wait_for_function("document.fonts.ready.then(() => true)")
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        page.wait_for_function(_NOTHING_FADES)
        found = Axe().run(page, options=_AXE_RULES).response["violations"]
        assert [f"{one['id']}: {one['nodes'][0]['html'][:300]}" for one in found] == []
        sticks_out = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(sticks_out) <= 0, "nothing sticks out to the side"
        page.screenshot(path=SCREENSHOTS / f"{name}-{kind}.png", full_page=True)
    page.set_viewport_size(DESKTOP)


def file_input(page: Page) -> Locator:
    """Return the input of the place where a page takes large files; there may be others, and they come and go."""
    return page.locator(".said + input[type=file]")


def open_choices(page: Page, name: str) -> None:
    """Open a list of choices. It closes when the page scrolls, as it does when a picture above it arrives."""
    box, choices = page.get_by_role("combobox", name=name), page.get_by_role("option")
    settled(page)
    for _ in range(10):
        box.click()
        page.wait_for_timeout(500)
        if choices.count():
            return
    pytest.fail(f"the choices of {name} do not open")


def settled(page: Page) -> None:
    """Wait until Streamlit has nothing left to do."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
