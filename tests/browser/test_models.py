"""Models: networks installed with progress, removed, and one's own added, looked at and confirmed."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import tomli_w
from playwright.sync_api import Locator, Page, expect

from segcore.networks.files import file_sha256
from tests.browser.conftest import (
    OpenBrowser,
    Server,
    file_input,
    open_choices,
    running_server,
    settled,
    take_screenshots,
)
from tests.browser.test_photo import red_ball, upload

ESPNET = "espnetv2_s1.0_pascal_256x256.onnx"
PIECE = 1 << 16


class SlowHost(ThreadingHTTPServer):
    """Gives one file, from the byte on that is asked for, slowly until ``hurry`` is set."""

    def __init__(self, path: Path) -> None:
        self.content, self.asked_from, self.hurry = path.read_bytes(), list[int](), threading.Event()
        super().__init__(("127.0.0.1", 0), _Giver)
        self.url = f"http://127.0.0.1:{self.server_port}/net.onnx"

    def handle_error(self, *_: object) -> None:
        """Say nothing: a visitor who leaves hangs up."""


class _Giver(BaseHTTPRequestHandler):
    server: SlowHost

    def do_GET(self) -> None:
        content = self.server.content
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.server.asked_from.append(start)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        for place in range(start, len(content), PIECE):
            self.wfile.write(content[place : place + PIECE])
            self.server.hurry.wait(0.5)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host(shared: Path) -> Iterator[SlowHost]:
    with SlowHost(shared / "models" / ESPNET) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        yield host
        host.hurry.set()
        host.shutdown()


@pytest.fixture
def own_server(host: SlowHost, shared: Path, tmp_path: Path) -> Iterator[Server]:
    """A Segdeck whose one network comes from ``host``."""
    path = shared / "models" / ESPNET
    card = {
        "title": "Street",
        "family": "street",
        "task": "Finds people and cars.",
        "licence": "MIT",
        "output": "logits",
        "source": {"project": "EdgeNets", "url": host.url},
        "weights": {"name": "net.onnx", "size_bytes": path.stat().st_size, "sha256": file_sha256(path)},
        "input": {"width_px": 256, "height_px": 256, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
        "labels": [{"name": f"class {n}", "color": "#34c759"} for n in range(1, 21)],
    }
    folder = tmp_path / "models" / "street"
    folder.mkdir(parents=True)
    (folder / "card.toml").write_text(tomli_w.dumps(card), "utf-8")
    with running_server(tmp_path, SEGDECK_MODELS_DIR=str(folder.parent)) as running:
        yield running


def models_page(server: Server, open_browser: OpenBrowser) -> Page:
    page = open_browser().pages[0]
    page.goto(f"{server.url}/models")
    settled(page)
    return page


def to_photo(page: Page) -> None:
    page.get_by_role("link", name="Photo").click()
    expect(page.get_by_role("heading", name="Photo", level=1)).to_be_visible()
    settled(page)


def badge(page: Page, words: str) -> Locator:
    return page.locator(".stMarkdownBadge", has_text=re.compile(f"(?<!not ){words}$"))


def test_every_network_is_shown(server: Server, open_browser: OpenBrowser) -> None:
    page = models_page(server, open_browser)
    for title in ("Selfie, upright or square", "Road, seen from a car", "Skin, clothes and hair"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.get_by_text("Finds people close to the camera, in wide pictures.")).to_be_visible()
    expect(page.locator("[data-testid=stImage] img")).to_have_count(page.get_by_role("heading", level=3).count() - 1)
    take_screenshots(page, "models-start")


def test_a_network_is_installed_and_removed(own_server: Server, host: SlowHost, open_browser: OpenBrowser) -> None:
    page = models_page(own_server, open_browser)
    page.get_by_role("button", name="Install").click()
    expect(page.get_by_text("of 1.4 MB")).to_be_visible()
    take_screenshots(page, "models-installing")
    other = models_page(own_server, open_browser)
    to_photo(other)
    upload(other, "ball.png", red_ball())
    other.get_by_text("Colour pop: red").click()
    expect(other.get_by_text("Covers: red 14.7 %")).to_be_visible()
    to_photo(page)
    page.get_by_role("link", name="Models").click()
    expect(badge(page, "not installed")).to_be_visible()
    host.hurry.set()
    page.get_by_role("button", name="Install").click()
    expect(badge(page, "installed")).to_be_visible()
    expect(badge(page, "unverified")).to_be_visible()
    assert len(host.asked_from) == 2, "once anew, once for the rest"
    assert host.asked_from[1] > 0, "what came the first time is not fetched again"
    take_screenshots(page, "models-installed")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Remove “Street”?")).to_be_visible()
    take_screenshots(page, "models-remove")
    page.get_by_role("button", name="Yes, remove it").click()
    expect(badge(page, "not installed")).to_be_visible()


def test_ones_own_network_is_added_looked_at_and_used(
    own_server: Server, shared: Path, open_browser: OpenBrowser
) -> None:
    page = models_page(own_server, open_browser)
    file_input(page).set_input_files(shared / "models" / ESPNET)
    expect(page.get_by_text("ONNX · takes 256x256 pixels · answers with 21 channels")).to_be_visible()
    expect(page.get_by_text("Finds: person")).to_be_visible()
    page.get_by_role("textbox", name="Title").fill("Twenty things")
    page.get_by_role("textbox", name="Short name").fill("things")
    page.get_by_text("Labels (20)").click()
    person = page.get_by_label("Name of label 15")
    person.fill("human")
    person.press("Enter")
    expect(page.get_by_text("Finds: human")).to_be_visible()
    take_screenshots(page, "models-add")
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name="Does it look right?")
    expect(dialog.get_by_text("Finds: human")).to_be_visible()
    take_screenshots(page, "models-look")
    dialog.get_by_role("button", name="Looks right").click()
    expect(badge(page, "confirmed")).to_be_visible()
    expect(page.get_by_role("heading", name="Twenty things")).to_be_visible()
    assert own_server.files() == [], "the upload is not kept"
    to_photo(page)
    upload(page, "ball.png", red_ball())
    page.get_by_text("Fine-tune").click()
    expect(page.get_by_text("Open a recipe")).to_be_visible()
    open_choices(page, "Network")
    expect(page.get_by_role("option", name="Twenty things")).to_be_visible()


def test_what_is_no_network_gets_one_clear_sentence(own_server: Server, open_browser: OpenBrowser) -> None:
    page = models_page(own_server, open_browser)
    letter = {"name": "secret name.onnx", "mimeType": "", "buffer": b"Dear network, ..."}
    file_input(page).set_input_files(letter)
    alert = page.get_by_role("alert").filter(has_text="not a network")
    expect(alert).to_be_visible()
    assert "secret" not in alert.inner_text()
    assert own_server.files() == []
    take_screenshots(page, "models-refused")
