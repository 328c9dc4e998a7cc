"""Marking an object on a photo and on a clip's first picture: by mouse, by touch and by keyboard."""

import io
import re
from pathlib import Path

import av
import cv2
import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from segcore.methods.grab import GrabOptions
from segcore.recipe import parse_recipe
from tests.browser.conftest import PHONE, OpenBrowser, Server, file_input, settled, take_screenshots
from tests.conftest import noise


def balls() -> bytes:
    """Return a red ball at the left and a yellow one at the right, on a greenish ground, 320x240."""
    picture = np.full((240, 320, 3), (110, 120, 40), np.uint8)
    cv2.circle(picture, (90, 120), 50, (30, 30, 220), -1)
    cv2.circle(picture, (250, 120), 40, (30, 200, 220), -1)
    return cv2.imencode(".png", cv2.add(picture, noise(240, 320) // 16))[1].tobytes()


def open_photo(page: Page, server: Server) -> Page:
    page.goto(f"{server.url}/photo")
    settled(page)
    file_input(page).set_input_files({"name": "balls.png", "mimeType": "", "buffer": balls()})
    page.get_by_text("Cut out what I mark").click()
    expect(surface(page)).to_be_visible()
    expect(page.get_by_text("Covers: object")).to_be_visible()
    return page


@pytest.fixture
def photo_page(server: Server, open_browser: OpenBrowser) -> Page:
    return open_photo(open_browser().pages[0], server)


def surface(page: Page) -> Locator:
    return page.locator(".stage canvas")


def in_view(page: Page) -> FloatRect:
    """Bring the whole picture into view and return where it is, in pixels."""
    settled(page)
    surface(page).evaluate("one => one.scrollIntoView({ block: 'center', behavior: 'instant' })")
    return surface(page).bounding_box()


def drag(page: Page, *places: tuple[float, float]) -> None:
    """Drag the mouse over the picture from place to place, given as shares of it."""
    frame = in_view(page)
    at = [(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]) for x, y in places]
    page.mouse.move(*at[0])
    page.mouse.down()
    for place in at[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def tool(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def box(page: Page) -> Locator:
    return page.get_by_role("group", name="Box around the object")


def covers(page: Page, low: float, high: float) -> None:
    """Wait until the object covers a share of the picture, in %."""
    page.wait_for_function(
        """([low, high]) => {
            const found = document.body.innerText.match(/Covers: object ([0-9.]+) %/);
            return found && low <= +found[1] && +found[1] <= high;
        }""",
        arg=[low, high],
    )


def download(page: Page, title: str) -> bytes:
    settled(page)  # while a page is being made anew, its files are as well
    with page.expect_download() as waiting:
        tool(page, title).click()
    return Path(waiting.value.path()).read_bytes()


def marks(page: Page) -> GrabOptions:
    options = parse_recipe(download(page, "Recipe").decode()).segmenter
    assert isinstance(options, GrabOptions)
    return options


def test_a_box_and_strokes_cut_out_what_is_marked(photo_page: Page) -> None:
    drag(photo_page, (0.05, 0.2), (0.55, 0.8))
    covers(photo_page, 9.5, 11)
    options = marks(photo_page)
    assert options.box == pytest.approx((0.05, 0.2, 0.5, 0.6), abs=0.01)
    assert options.strokes == ()
    mask = np.asarray(PIL.Image.open(io.BytesIO(download(photo_page, "Mask"))))
    assert (mask[120, 90], mask[120, 250], mask[20, 20]) == (255, 0, 0)
    tool(photo_page, "Keep").click()
    expect(tool(photo_page, "Keep")).to_have_attribute("aria-pressed", "true")
    drag(photo_page, (0.72, 0.5), (0.84, 0.5))
    covers(photo_page, 10.4, 11.5)
    tool(photo_page, "Leave out").click()
    drag(photo_page, (0.2, 0.4), (0.36, 0.6), (0.2, 0.6), (0.36, 0.4))
    covers(photo_page, 0.1, 3)
    assert [stroke.keep for stroke in marks(photo_page).strokes] == [True, False]
    take_screenshots(photo_page, "photo-marked")
    tool(photo_page, "Undo").click()
    covers(photo_page, 10.4, 11.5)
    tool(photo_page, "Undo").click()
    covers(photo_page, 9.5, 10.39)
    tool(photo_page, "Clear").click()
    expect(photo_page.get_by_text("Nothing stands out in the box")).to_be_visible()
    assert marks(photo_page) == GrabOptions()


def test_a_box_is_moved_and_pulled_by_the_mouse(photo_page: Page) -> None:
    drag(photo_page, (0.1, 0.2), (0.5, 0.8))
    covers(photo_page, 9.5, 11)
    drag(photo_page, (0.3, 0.5), (0.8, 0.5))
    covers(photo_page, 6, 7.5)
    assert marks(photo_page).box == pytest.approx((0.6, 0.2, 0.4, 0.6), abs=0.01)
    drag(photo_page, (0.6, 0.8), (0.05, 0.9))
    covers(photo_page, 15, 19)
    assert marks(photo_page).box == pytest.approx((0.05, 0.2, 0.95, 0.7), abs=0.01)


def test_a_mere_tap_changes_no_box(photo_page: Page) -> None:
    before = marks(photo_page)
    drag(photo_page, (0.05, 0.05), (0.05, 0.05))
    expect(tool(photo_page, "Undo")).to_be_disabled()
    assert marks(photo_page) == before


def test_the_keyboard_alone_is_enough(photo_page: Page) -> None:
    tool(photo_page, "Box").focus()
    photo_page.keyboard.press("Shift+Tab")
    expect(box(photo_page)).to_be_focused()
    assert box(photo_page).evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    for _ in range(15):
        photo_page.keyboard.press("ArrowLeft")
    for _ in range(5):
        photo_page.keyboard.press("Shift+ArrowLeft")
    covers(photo_page, 9.5, 11)
    assert marks(photo_page).box == pytest.approx((0.05, 0.1, 0.55, 0.8))
    expect(box(photo_page)).to_be_visible()


def test_sliders_and_drawing_agree(photo_page: Page) -> None:
    drag(photo_page, (0.05, 0.2), (0.55, 0.8))
    covers(photo_page, 9.5, 11)
    photo_page.get_by_text("Fine-tune").click()
    across = photo_page.get_by_role("slider", name="From left to right (%)")
    expect(across.first).to_have_value("5")
    expect(across.last).to_have_value("55")
    across.last.press("End")
    expect(box(photo_page)).to_have_attribute("style", re.compile(r"width: 95"))
    covers(photo_page, 15, 19)
    tool(photo_page, "Undo").click()
    expect(box(photo_page)).to_have_attribute("style", re.compile(r"width: 50"))
    expect(across.last).to_have_value("55")
    covers(photo_page, 9.5, 11)


def test_marks_last_when_one_comes_back(photo_page: Page) -> None:
    drag(photo_page, (0.05, 0.2), (0.55, 0.8))
    covers(photo_page, 9.5, 11)
    photo_page.get_by_role("link", name="Video").click()
    expect(photo_page.get_by_role("heading", name="Video")).to_be_visible()
    photo_page.get_by_role("link", name="Photo").click()
    covers(photo_page, 9.5, 11)
    expect(box(photo_page)).to_have_attribute("style", re.compile(r"left: 5\.?\d*%"))


def test_a_finger_draws_on_a_phone(server: Server, open_browser: OpenBrowser) -> None:
    page = open_photo(open_browser(viewport=PHONE, has_touch=True, is_mobile=True).pages[0], server)
    frame = in_view(page)
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *place: float) -> None:
        points = [{"x": frame["x"] + place[0] * frame["width"], "y": frame["y"] + place[1] * frame["height"]}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if kind != "touchEnd" else []})

    send("touchStart", 0.05, 0.2)
    for step in range(1, 11):
        send("touchMove", 0.05 + 0.05 * step, 0.2 + 0.06 * step)
    send("touchEnd", 0.55, 0.8)
    covers(page, 9.5, 11)
    assert surface(page).bounding_box() == frame, "the page did not scroll away under the finger"


def test_an_object_marked_in_the_first_picture_is_tracked_through_a_clip(
    server: Server, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    page = open_browser().pages[0]
    page.goto(f"{server.url}/video")
    settled(page)
    file_input(page).set_input_files(rolling_ball(tmp_path / "ball.mp4"))
    page.get_by_text("Cut out what I mark").click()
    expect(surface(page)).to_be_visible()
    drag(page, (0.03, 0.2), (0.45, 0.8))
    expect(box(page)).to_have_attribute("style", re.compile(r"width: 4[12]"))
    settled(page)
    take_screenshots(page, "video-marked")
    page.get_by_role("button", name="Process the video").click()
    expect(page.get_by_text("pictures in")).to_be_visible()
    expect(page.get_by_text("The object is lost")).to_be_visible()
    with av.open(io.BytesIO(download(page, "Mask video"))) as mask:
        masks = [frame.to_ndarray(format="gray") for frame in mask.decode(video=0)]
    for number, mask in enumerate(masks[:20]):
        across = np.flatnonzero((mask > 127).any(axis=0))  # type: ignore[attr-defined]
        middle = (across[0] + across[-1]) / 2
        assert middle == pytest.approx(70 + 6 * number, abs=4)
        assert across[-1] - across[0] == pytest.approx(80, abs=6)
    assert (masks[-1] < 127).all()


def rolling_ball(path: Path) -> Path:
    """Write a clip of a patterned, red ball that rolls out of the picture at the right, 320x240, 60 pictures."""
    ground = cv2.GaussianBlur(noise(240, 320), (0, 0), 3) // 2
    ground[..., 2] //= 3
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(60):
            picture = ground.copy()
            middle = 70 + 6 * number, 120
            cv2.circle(picture, middle, 40, (30, 30, 220), -1)
            for corner in range(0, 360, 45):
                turn = np.deg2rad(corner + 8.6 * number)
                place = middle[0] + round(26 * np.cos(turn)), 120 + round(26 * np.sin(turn))
                cv2.circle(picture, place, 6, (20, 90 + corner // 4, 250), -1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    return path
