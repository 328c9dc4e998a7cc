"""What visitors' files cost the server in memory: a large clip, clips removed, made-up upload ids, all gone again."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import requests
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.bench.common import folder, verdict
from tests.browser.conftest import FLAGS, Server, file_input, running_server, settled
from tests.clips import make_clip, pad

_CLIP_MB, _MADE_UP, _MADE_UP_MB = 199, 12, 50
_KEEP_MINUTES = 0.1
_MOST_MB = 500


class Memory:
    """The resident memory of a server and its workers, watched, in MB more than at the start."""

    def __init__(self, server: Server) -> None:
        self._process = psutil.Process(server.process.pid)
        self.start_mb = 0.0
        self.start_mb = self.now_mb()

    def now_mb(self) -> float:
        while True:
            try:
                family = (self._process, *self._process.children(recursive=True))
                return sum(process.memory_info().rss for process in family) / 1e6 - self.start_mb
            except psutil.NoSuchProcess:  # workers come and go
                continue

    @contextmanager
    def peak_mb(self) -> Iterator[list[float]]:
        """Watch meanwhile; the list then holds the highest value."""
        highest, stop = [0.0], threading.Event()

        def watch() -> None:
            while not stop.wait(0.05):
                highest[0] = max(highest[0], self.now_mb())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield highest
        finally:
            stop.set()
            watcher.join()


def upload(page: Page, path: Path) -> None:
    file_input(page).set_input_files(path)
    expect(page.get_by_text("160x120 pixels")).to_be_visible()


def remove(page: Page) -> None:
    page.get_by_role("button", name="Remove").first.click()
    expect(page.get_by_text("Choose a video to begin")).to_be_visible()
    settled(page)


def make_up_ids(context: BrowserContext, page: Page, url: str) -> int:
    """Send files that no page asked for, as the page's own session; return how many were taken."""
    with page.expect_request(lambda request: "/_stcore/upload_file/" in request.url) as waiting:
        page.get_by_text("Fine-tune").click()
        page.locator("input[type=file][accept*=toml]").set_input_files(
            {"name": "a.toml", "mimeType": "", "buffer": b"title = 1"}
        )
    session = waiting.value.url.split("/upload_file/")[1].split("/")[0]
    token = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "_streamlit_xsrf")
    taken = 0
    for number in range(_MADE_UP):
        with suppress(requests.ConnectionError):  # refused before all was sent
            taken += requests.put(
                f"{url}/_stcore/upload_file/{session}/made-up-{number}",
                files={"file": ("a.bin", bytes(_MADE_UP_MB * 1_000_000))},
                headers={"X-Xsrftoken": token},
                cookies={"_streamlit_xsrf": token},
                proxies={"http": ""},
                timeout=60,
            ).ok
    return taken


def run() -> Iterator[str]:
    large = pad(make_clip(folder() / "large.mp4"), _CLIP_MB * 1_000_000)
    with running_server(folder(), SEGDECK_KEEP_MINUTES=str(_KEEP_MINUTES)) as server, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder() / "profile", executable_path=shutil.which("chromium"), args=FLAGS
        )
        page = context.pages[0]
        page.goto(f"{server.url}/video")
        settled(page)
        upload(page, make_clip(folder() / "small.mp4"))
        remove(page)
        memory = Memory(server)
        with memory.peak_mb() as peak:
            upload(page, large)
            time.sleep(1)
            after = memory.now_mb()
            remove(page)
            for _ in range(3):
                upload(page, large)
                remove(page)
            removed = memory.now_mb()
            yield f"{after:.0f} MB while a clip of {_CLIP_MB} MB is there, {removed:.0f} MB after four were removed"
            upload(page, folder() / "small.mp4")
            taken = make_up_ids(context, page, server.url)
            made_up = memory.now_mb()
            yield f"{taken} of {_MADE_UP} made-up files of {_MADE_UP_MB} MB taken: {made_up:.0f} MB"
        context.close()
        time.sleep(60 * _KEEP_MINUTES + 15)
        left = memory.now_mb()
    yield verdict("peak, MB", peak[0], _MOST_MB, at_least=False, detail=f"from {memory.start_mb:.0f} MB")
    yield verdict("when all have left, MB", left, 100, at_least=False, detail="more than at the start")
