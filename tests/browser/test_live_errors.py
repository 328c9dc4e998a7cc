"""Live, when something is missing or fails: a plain card and a plain sentence, and the stream goes on."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from segcore.settings import Settings
from tests.browser.conftest import OpenBrowser, camera_flags, running_server, settled, take_screenshots
from tests.browser.test_live import WALL_SHOWS, player, press, seen

_CENTRE = """() => {
    const video = document.querySelector("video"), canvas = new OffscreenCanvas(16, 16), pen = canvas.getContext("2d");
    pen.drawImage(video, 0, 0, 64, 64, 0, 0, 16, 16);
    return [...pen.getImageData(0, 0, 1, 1).data];
}"""


def open_live(url: str, camera: Path, open_browser: OpenBrowser) -> Page:
    context = open_browser(*camera_flags(camera))
    context.add_init_script(path=Path(__file__).with_name("watch_video.js"))
    page = context.pages[0]
    page.goto(f"{url}/live")
    settled(page)
    return page


def cards_without_weights(folder: Path) -> Path:
    for card in Settings().models_dir.glob("*/card.toml"):
        target = folder / card.parent.name / "card.toml"
        target.parent.mkdir(parents=True)
        target.write_bytes(card.read_bytes())
    return folder


def test_without_weights_a_card_says_how_to_get_them(tmp_path: Path, camera: Path, open_browser: OpenBrowser) -> None:
    models = cards_without_weights(tmp_path / "models")
    with running_server(tmp_path, SEGDECK_MODELS_DIR=str(models)) as server:
        page = open_live(server.url, camera, open_browser)
        expect(page.get_by_role("alert").filter(has_text="Install it on the Models page").first).to_be_visible()
        press(page, "START")
        pictures = seen(page, "seen.length >= 30")
        assert max(picture["roughness"] for picture in pictures) < WALL_SHOWS
        assert max(player(page).evaluate(_CENTRE)[:3]) < 60, "a dark card"
        take_screenshots(page, "live-no-weights")
        page.get_by_text("Colour pop: red").click()
        count = len(seen(page, "true"))
        seen(page, f"seen.length > {count} + 20 && seen.at(-1).roughness > {WALL_SHOWS}")
        expect(page.get_by_role("alert").filter(has_text="segdeck models")).to_have_count(0)


def test_no_connection_is_said_after_ten_seconds(server, camera: Path, open_browser: OpenBrowser) -> None:
    context = open_browser(*camera_flags(camera))
    context.add_init_script(  # a browser that may only be reached through a relay, where there is none
        """window.RTCPeerConnection = class extends RTCPeerConnection {
            constructor(options) { super({ ...options, iceTransportPolicy: "relay" }); }
        };"""
    )
    page = context.pages[0]
    page.goto(f"{server.url}/live")
    settled(page)
    press(page, "START")
    expect(page.get_by_role("alert").filter(has_text="no connection to the camera")).to_be_visible()
    take_screenshots(page, "live-no-connection")


@pytest.fixture(autouse=True)
def _needs_weights(weights: None) -> None:
    """The fake camera is cut out by the network."""
