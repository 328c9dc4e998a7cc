"""Photo: a picture in, a colour range or a person picked, everything taken away."""

import io
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Page, expect

from segcore.recipe import parse_recipe
from tests.browser.conftest import (
    OpenBrowser,
    Server,
    camera_flags,
    file_input,
    open_choices,
    settled,
    take_screenshots,
)


@pytest.fixture
def photo_page(server: Server, open_browser: OpenBrowser) -> Page:
    page = open_browser().pages[0]
    page.goto(f"{server.url}/photo")
    settled(page)
    return page


def upload(page: Page, name: str, content: bytes) -> None:
    file_input(page).set_input_files({"name": name, "mimeType": "", "buffer": content})


def download(page: Page, title: str) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=title, exact=True).click()
    return Path(waiting.value.path()).read_bytes()


def red_ball() -> bytes:
    """Return a red ball on a blue ground, 320x240."""
    picture = np.full((240, 320, 3), (180, 60, 20), np.uint8)
    cv2.circle(picture, (160, 120), 60, (30, 30, 220), -1)
    return cv2.imencode(".png", picture)[1].tobytes()


def test_the_empty_page_says_what_to_do(photo_page: Page) -> None:
    expect(photo_page.get_by_text("Choose a photo to begin")).to_be_visible()
    expect(photo_page.get_by_text("at most 50 MB and 25 megapixels")).to_be_visible()
    take_screenshots(photo_page, "photo-start")


def test_a_colour_is_cut_out(photo_page: Page) -> None:
    upload(photo_page, "ball.png", red_ball())
    photo_page.get_by_text("Colour pop: red").click()
    expect(photo_page.get_by_text("Covers: red 14.7 %")).to_be_visible()
    take_screenshots(photo_page, "photo-red")
    cut_out = np.asarray(PIL.Image.open(io.BytesIO(download(photo_page, "Cut-out"))))
    assert cut_out.shape == (240, 320, 4)
    assert tuple(cut_out[120, 160]) == (220, 30, 30, 255)
    assert tuple(cut_out[5, 5]) == (0, 0, 0, 0)
    mask = np.asarray(PIL.Image.open(io.BytesIO(download(photo_page, "Mask"))))
    assert mask.shape == (240, 320)
    assert mask[120, 160] == 255
    assert mask[5, 5] == 0
    result = np.asarray(PIL.Image.open(io.BytesIO(download(photo_page, "Result"))))
    assert tuple(result[120, 160]) == (220, 30, 30)
    assert len(set(result[5, 5])) == 1
    assert parse_recipe(download(photo_page, "Recipe").decode()).title == "Colour pop: red"


def test_a_range_is_taken_from_a_colour(photo_page: Page) -> None:
    upload(photo_page, "ball.png", red_ball())
    photo_page.get_by_text("Colour pop: red").click()
    expect(photo_page.get_by_text("Covers: red 14.7 %")).to_be_visible()
    photo_page.get_by_text("Fine-tune").click()
    photo_page.get_by_role("slider", name="Hue to").press("Home")
    expect(photo_page.get_by_role("button", name="Undo my changes")).to_be_visible()
    take_screenshots(photo_page, "photo-fine-tune")
    photo_page.get_by_role("button", name="Pick a colour").click()
    photo_page.get_by_role("button", name="Find this colour").click()
    expect(photo_page.get_by_text("Covers: red 14.7 %")).to_be_visible()


def test_things_are_counted_and_their_measures_taken_away(photo_page: Page) -> None:
    picture = np.full((240, 320, 3), (180, 60, 20), np.uint8)
    for middle in ((90, 120), (150, 120), (260, 60)):  # the first two touch
        cv2.circle(picture, middle, 34, (30, 30, 220), -1)
    upload(photo_page, "balls.png", cv2.imencode(".png", picture)[1].tobytes())
    photo_page.get_by_text("Count the red things").click()
    expect(photo_page.get_by_text("3 objects")).to_be_visible()
    expect(photo_page.get_by_test_id("stDataFrame").locator("canvas").first).to_be_visible()
    take_screenshots(photo_page, "photo-objects")
    rows = download(photo_page, "Objects").decode().splitlines()
    assert rows[0].startswith("number,label,area_px")
    assert len(rows) == 4


def test_a_method_is_chosen_and_its_options_follow(photo_page: Page) -> None:
    upload(photo_page, "ball.png", red_ball())
    photo_page.get_by_text("Colour pop: red").click()
    expect(photo_page.get_by_text("Covers: red 14.7 %")).to_be_visible()
    photo_page.get_by_text("Fine-tune").click()
    expect(photo_page.get_by_text("Open a recipe")).to_be_visible()
    open_choices(photo_page, "Method")
    photo_page.get_by_role("option", name="Edges").click()
    expect(photo_page.get_by_text("Covers: edge")).to_be_visible()
    take_screenshots(photo_page, "photo-edges")
    photo_page.get_by_role("tab", name="Refine").click()
    expect(photo_page.get_by_role("slider", name="Follow edges")).to_be_visible()
    take_screenshots(photo_page, "photo-refine")


@pytest.mark.usefixtures("weights")
def test_a_person_is_cut_out_of_a_turned_photo(photo_page: Page, astronaut: np.ndarray) -> None:
    picture = PIL.Image.fromarray(cv2.cvtColor(astronaut, cv2.COLOR_BGR2RGB)).transpose(PIL.Image.Transpose.ROTATE_90)
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turn 90 degrees clockwise to see it upright
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=95, exif=exif)
    upload(photo_page, "me.jpg", content.getvalue())
    photo_page.get_by_text("Cut me out").click()
    expect(photo_page.get_by_text("Covers: person")).to_be_visible()
    cut_out = np.asarray(PIL.Image.open(io.BytesIO(download(photo_page, "Cut-out"))))
    assert cut_out[130, 230, 3] == 255, "her face"
    assert cut_out[20, 20, 3] == 0, "the flag"
    take_screenshots(photo_page, "photo-person")


def test_a_photo_from_the_camera(server: Server, camera: Path, open_browser: OpenBrowser) -> None:
    page = open_browser(*camera_flags(camera)).pages[0]
    page.goto(f"{server.url}/photo")
    settled(page)
    page.get_by_text("Camera", exact=True).click()
    page.wait_for_function("document.querySelector('video')?.readyState === 4")  # before that, a click takes nothing
    page.get_by_role("button", name="Take Photo").click()
    expect(page.get_by_text("Covers: person")).to_be_visible()
    take_screenshots(page, "photo-camera")


def test_a_pasted_picture(photo_page: Page) -> None:
    photo_page.get_by_text("Paste", exact=True).click()
    box = photo_page.get_by_role("textbox")
    box.click()
    box.evaluate(
        """(box, bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
            box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        list(red_ball()),
    )
    expect(photo_page.get_by_text("pasted.png")).to_be_visible()
    send = photo_page.get_by_role("button", name="Send message")
    expect(send).to_be_enabled()
    send.press("Enter")
    expect(photo_page.get_by_text("Covers:")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.png", b"", "not a photo that can be read"),
        ("text.jpg", b"Dear photo, ...", "not a photo that can be read"),
        ("half.png", red_ball()[:200], "damaged or cut off"),
        ("tiny.png", cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tobytes(), "1x1"),
        ("8k.png", cv2.imencode(".png", np.zeros((4320, 7680), np.uint8))[1].tobytes(), "25 megapixels"),
    ],
    ids=["empty", "text", "half", "tiny", "8k"],
)
def test_a_bad_photo_gets_one_clear_sentence(photo_page: Page, name: str, content: bytes, words: str) -> None:
    upload(photo_page, name, content)
    alert = photo_page.get_by_role("alert").filter(has_text=words)
    expect(alert).to_be_visible()
    assert name not in alert.inner_text()
    upload(photo_page, "ball.png", red_ball())
    expect(photo_page.get_by_text("Covers:")).to_be_visible()
