"""Live, when something is missing or fails: a plain notice and a plain sentence, and the stream goes on."""

import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from segcore.settings import Settings
from tests.browser.conftest import OpenBrowser, Server, camera_flags, running_server, settled, take_screenshots
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


def test_without_weights_a_notice_says_how_to_get_them(tmp_path: Path, camera: Path, open_browser: OpenBrowser) -> None:
    models = cards_without_weights(tmp_path / "models")
    with running_server(tmp_path, SEGDECK_MODELS_DIR=str(models)) as server:
        page = open_live(server.url, camera, open_browser)
        expect(page.get_by_role("alert").filter(has_text="Install it on the Models page").first).to_be_visible()
        press(page, "START")
        pictures = seen(page, "seen.length >= 30")
        assert max(picture["roughness"] for picture in pictures) < WALL_SHOWS
        assert max(player(page).evaluate(_CENTRE)[:3]) < 60, "a dark notice"
        take_screenshots(page, "live-no-weights")
        page.get_by_text("Colour pop: red").click()
        count = len(seen(page, "true"))
        seen(page, f"seen.length > {count} + 20 && seen.at(-1).roughness > {WALL_SHOWS}")
        expect(page.get_by_role("alert").filter(has_text="segdeck models")).to_have_count(0)


@pytest.mark.parametrize("button", ["START", "Choose camera"])
@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("NotFoundError", "No camera was found"),
        ("NotAllowedError", "Your browser keeps the camera from this page"),
        ("NotReadableError", "another program or page may have it"),
        ("OverconstrainedError", "can't give the picture that was asked of it"),
        ("AbortError", "another program or page may have it"),
        ("InvalidStateError", "The camera could not be started"),
    ],
)
def test_why_there_is_no_camera_is_said_in_plain_words(
    button: str, error: str, words: str, server: Server, open_browser: OpenBrowser
) -> None:
    context = open_browser("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    context.add_init_script(
        f"""navigator.mediaDevices.getUserMedia = () =>
            Promise.reject(new DOMException("Requested device did something", "{error}"));"""
    )
    page = context.pages[0]
    page.goto(f"{server.url}/live")
    settled(page)
    press(page, button)
    expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    if button == "START":
        expect(page.frame_locator("iframe[title*=webrtc]").get_by_role("button", name="START")).to_be_visible()
    shown = page.locator("body").inner_text() + player(page).locator("body").inner_text()
    assert "Error" not in shown
    assert "Requested device" not in shown
    if error == "NotReadableError":
        take_screenshots(page, f"live-camera-busy-{button.split()[0].lower()}")


def test_no_connection_is_tried_twice_and_then_said(server, camera: Path, open_browser: OpenBrowser) -> None:
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
    expect(page.get_by_text("Connecting …")).to_be_visible()
    expect(page.get_by_text("Trying the connection once more")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="tried twice")).to_be_visible()
    expect(page.frame_locator("iframe[title*=webrtc]").get_by_role("button", name="STOP")).to_be_visible()
    take_screenshots(page, "live-no-connection")


def test_a_connection_that_fails_is_tried_once_more_and_then_shows_the_picture(
    server: Server, camera: Path, open_browser: OpenBrowser
) -> None:
    context = open_browser(*camera_flags(camera))
    context.add_init_script(  # the first connection of a page comes to nothing, the second is as usual
        """window.connections = 0;
        window.RTCPeerConnection = class extends RTCPeerConnection {
            constructor(options) { super(connections++ ? options : { ...options, iceTransportPolicy: "relay" }); }
        };"""
    )
    context.add_init_script(path=Path(__file__).with_name("watch_video.js"))
    page = context.pages[0]
    page.goto(f"{server.url}/live")
    settled(page)
    press(page, "START")
    expect(page.get_by_text("Trying the connection once more")).to_be_visible()
    seen(page, "seen.length >= 20")
    expect(page.get_by_text("Pictures per second")).to_be_visible()
    assert player(page).evaluate("connections") == 2, "it is started once more, not twice"
    log = server.log.read_text()
    assert "segdeck.webrtc connection" in log
    assert "DTLS is connected" in log
    press(page, "STOP")
    expect(page.get_by_text("Press START and allow the camera")).to_be_visible()


def test_a_server_that_holds_its_breath_loses_no_connection(
    server: Server, camera: Path, open_browser: OpenBrowser
) -> None:
    page = open_live(server.url, camera, open_browser)
    press(page, "START")
    seen(page, "seen.length >= 20")
    os.killpg(server.process.pid, signal.SIGSTOP)
    try:
        page.wait_for_timeout(8000)  # the browser's patience ends in less
    finally:
        os.killpg(server.process.pid, signal.SIGCONT)
    count = len(seen(page, "true"))
    seen(page, f"seen.length > {count} + 30")
    expect(page.get_by_text("Pictures per second")).to_be_visible()


@pytest.fixture(autouse=True)
def _needs_weights(weights: None) -> None:
    """The fake camera is cut out by the network."""
