"""Live, over real WebRTC: what the viewer is sent, from the very first picture."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, expect

from segcore.recipe import ready_recipes
from tests.browser.conftest import (
    PHONE,
    ROOT,
    WAIT_MS,
    OpenBrowser,
    Server,
    camera_flags,
    running_server,
    settled,
    take_screenshots,
)

_WATCH = (ROOT / "tests" / "browser" / "watch_video.js").read_text()
WALL_SHOWS = 20  # grey levels between neighbouring tiles; the wall itself has 140, a blurred one under 1


@pytest.fixture
def live(server: Server, camera, open_browser: OpenBrowser) -> Page:
    context = open_browser(*camera_flags(camera))
    context.add_init_script(_WATCH)
    page = context.pages[0]
    page.goto(f"{server.url}/live")
    settled(page)
    return page


def player(page: Page) -> Frame:
    """Return the frame of the page that holds the camera's picture."""
    page.frame_locator("iframe[title*=webrtc]").get_by_role("button").first.wait_for()
    return next(frame for frame in page.frames if "webrtc" in frame.url)


def press(page: Page, name: str) -> None:
    page.frame_locator("iframe[title*=webrtc]").get_by_role("button", name=name, exact=True).click()


def seen(page: Page, enough: str) -> list[dict[str, Any]]:
    """Wait until what was seen satisfies ``enough``, a JavaScript condition on ``seen``, and return it."""
    frame = player(page)
    condition = f"(() => {{ const seen = window.seen; return {enough}; }})()"
    frame.wait_for_function(condition, timeout=WAIT_MS, polling=100)  # by the clock, not by what the frame renders
    return frame.evaluate("window.seen")


def times_rise(pictures: list[dict[str, Any]]) -> bool:
    stamps = [picture["rtp"] for picture in pictures]
    return all(((later - earlier) & 0xFFFFFFFF) < 1 << 31 and later != earlier for earlier, later in pairwise(stamps))


def test_the_viewer_sees_a_blurred_room_and_never_the_raw_one(live: Page, capsys: pytest.CaptureFixture[str]) -> None:
    press(live, "START")
    pictures = seen(live, "seen.length >= 120")
    at_once = pictures[:15]  # a machine that can't keep up gets smaller ones after a while
    assert {(picture["width"], picture["height"]) for picture in at_once} == {(1280, 720)}
    assert max(picture["roughness"] for picture in pictures) < WALL_SHOWS
    assert times_rise(pictures)
    seconds = (pictures[-1]["at_ms"] - pictures[20]["at_ms"]) / 1000
    with capsys.disabled():
        print(f"\nLive: {(len(pictures) - 21) / seconds:.1f} pictures a second, blurred background")
    expect(live.get_by_text("Pictures per second")).to_be_visible()
    expect(live.get_by_text("Person", exact=True)).to_be_visible()
    take_screenshots(live, "live-blur")


def test_the_person_moves_and_stays_sharp(live: Page) -> None:
    press(live, "START")
    seen(live, "seen.length >= 30")
    middle = """() => {
        const video = document.querySelector("video");
        const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight), pen = canvas.getContext("2d");
        pen.drawImage(video, 0, 0);
        const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
        let orange = 0, sum = 0;
        for (let at = 0; at < pixels.length; at += 4)
          if (pixels[at] > 180 && pixels[at + 1] < 130 && pixels[at + 2] < 90) {
            orange++;
            sum += (at / 4) % canvas.width;
          }
        return { orange, middle: sum / orange };
    }"""
    frame = player(live)
    first = frame.evaluate(middle)
    assert first["orange"] > 20_000  # her suit
    frame.wait_for_function(
        f"first => Math.abs(({middle})().middle - first) > 40", arg=first["middle"], timeout=WAIT_MS
    )


def test_a_new_recipe_takes_over_without_a_restart(live: Page) -> None:
    press(live, "START")
    seen(live, "seen.length >= 30")
    live.get_by_text("Colour pop: me").click()
    seen(live, f"seen.at(-1).roughness > {WALL_SHOWS} && seen.length >= 60")
    live.get_by_text("Silhouette").click()
    pictures = seen(live, f"seen.slice(-20).every(picture => picture.roughness < {WALL_SHOWS})")
    shows = [picture["roughness"] > WALL_SHOWS for picture in pictures]
    changes = sum(before != after for before, after in pairwise(shows))
    assert changes == 2, "blurred, then the wall in grey, then black: nothing of an old recipe follows a new one"
    assert times_rise(pictures)
    expect(live.get_by_role("alert")).to_have_count(0)
    take_screenshots(live, "live-silhouette")


def test_a_slider_changes_the_running_picture(live: Page) -> None:
    press(live, "START")
    live.get_by_text("What the computer sees").click()
    seen(live, "seen.length >= 30 && seen.at(-1).height === 360")
    live.get_by_text("Fine-tune").click()
    live.get_by_role("tab", name="Show").click()
    slider = live.get_by_role("slider", name="Strength")
    slider.press("Home")
    expect(slider).to_have_value("0")
    count = len(seen(live, "true"))
    pictures = seen(live, f"seen.length > {count} + 30")
    assert times_rise(pictures)
    expect(live.get_by_role("button", name="Undo my changes")).to_be_visible()
    take_screenshots(live, "live-fine-tune")
    live.get_by_role("button", name="Undo my changes").click()
    expect(live.get_by_role("slider", name="Strength")).to_have_value("0.7")


def test_motion_says_that_it_learns_and_then_finds_what_moves(live: Page) -> None:
    live.get_by_text("What moves").click()
    press(live, "START")
    expect(live.get_by_text("Learning the background")).to_be_visible()
    expect(live.get_by_text("Learning the background")).to_have_count(0)
    expect(live.get_by_text("Moving", exact=True)).to_be_visible()
    take_screenshots(live, "live-motion")


def test_every_ready_recipe_runs_live(live: Page) -> None:
    press(live, "START")
    seen(live, "seen.length >= 10")
    for title in (recipe.title for recipe in ready_recipes().values()):
        live.get_by_text(title, exact=True).click()
        expect(live.get_by_role("radio", name=title)).to_be_checked()
        count = len(seen(live, "true"))
        assert times_rise(seen(live, f"seen.length > {count} + 15"))
        expect(live.get_by_test_id("stAlertContentError")).to_have_count(0)


def test_stop_and_start_again(live: Page) -> None:
    press(live, "START")
    seen(live, "seen.length >= 20")
    press(live, "STOP")
    expect(live.get_by_text("Press START and allow the camera")).to_be_visible()
    count = len(seen(live, "true"))
    press(live, "START")
    pictures = seen(live, f"seen.length > {count} + 20")
    assert max(picture["roughness"] for picture in pictures) < WALL_SHOWS


def test_leaving_and_coming_back_keeps_the_recipe(live: Page) -> None:
    live.get_by_text("Colour pop: red").click()
    expect(live.get_by_text("Red things keep their colour")).to_be_visible()
    live.get_by_role("link", name="Photo").click()
    expect(live.get_by_role("heading", name="Photo", level=1)).to_be_visible()
    live.get_by_role("link", name="Live").click()
    expect(live.get_by_text("Red things keep their colour")).to_be_visible()


def test_a_phone_shows_the_page_that_was_chosen(server: Server, open_browser: OpenBrowser) -> None:
    """The way to the other pages never lies over the page."""
    page = open_browser(viewport=PHONE).pages[0]
    page.goto(f"{server.url}/photo")
    for name in ("Video", "Photo", "Live"):  # a click just as the player mounts on Live would lead back to Live
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
        settled(page)
        onto = "title => { const {x, y} = title.getBoundingClientRect(); return title.contains("
        onto += "document.elementFromPoint(x + 5, y + 10)); }"
        assert page.get_by_role("heading", level=1).evaluate(onto), "nothing lies over the page's title"


def test_the_bare_address_leads_to_live(server: Server, open_browser: OpenBrowser) -> None:
    page = open_browser("--use-fake-device-for-media-stream").pages[0]
    page.goto(server.url)
    page.wait_for_url(re.compile(r"/live$"))
    settled(page)
    take_screenshots(page, "live-start")


def test_on_a_page_that_is_not_secure_it_says_so(open_browser: OpenBrowser, tmp_path: Path) -> None:
    with running_server(tmp_path, SEGDECK_HOSTS='["localhost", "segdeck.test"]') as server:
        page = open_browser("--host-resolver-rules=MAP segdeck.test 127.0.0.1").pages[0]
        page.goto(f"{server.url.replace('localhost', 'segdeck.test')}/live")
        expect(page.get_by_role("alert").filter(has_text="not secure")).to_be_visible()
        take_screenshots(page, "live-camera-insecure")


@pytest.mark.parametrize("say", ["refused", "none"])
def test_without_a_camera_the_page_says_what_to_do(say: str, server: Server, open_browser: OpenBrowser) -> None:
    flags, words = {
        "refused": (["--use-fake-device-for-media-stream"], "allow the camera"),
        "none": (["--use-fake-device-for-media-stream=device-count=0"], "No camera was found"),
    }[say]
    url = server.url
    context = open_browser(*flags)
    page = context.pages[0]
    if say == "refused":
        session = context.new_cdp_session(page)
        session.send("Browser.setPermission", {"permission": {"name": "camera"}, "setting": "denied", "origin": url})
    page.goto(f"{url}/live")
    expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    take_screenshots(page, f"live-camera-{say}")
