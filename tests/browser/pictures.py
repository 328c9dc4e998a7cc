"""Take the documents' pictures of the pages again: ``python -m tests.browser.pictures``, then look at them."""

import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from segcore.overlays.background import background_picture
from segcore.pipeline import build_pipeline
from segcore.recipe import load_recipe
from tests.astronaut import read_astronaut
from tests.browser.camera import HEIGHT, WIDTH
from tests.browser.conftest import DESKTOP, FLAGS, ROOT, WAIT_MS, camera_flags, file_input, running_server, settled

_SHOWN_MS = 8000  # for the measures to settle
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 95]


def write_camera(path: Path) -> Path:
    """Write a clip of one frame: a person in a room, as a camera would see them."""
    room = cv2.resize(background_picture("city_lights"), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    person = read_astronaut()
    alpha = build_pipeline(load_recipe("silhouette"))(person).segmentation.foreground().opacity()
    person, alpha = (cv2.resize(one, (HEIGHT, HEIGHT), interpolation=cv2.INTER_CUBIC) for one in (person, alpha))
    part = room[:, (WIDTH - HEIGHT) // 2 :][:, :HEIGHT]
    part[...] = np.rint(part + (person - part.astype(float)) * (alpha[..., None] / 255))
    path.write_bytes(cv2.imencode(".jpg", room, _QUALITY)[1].tobytes() * 30)
    return path


def show_live(page: Page) -> None:
    page.frame_locator("iframe[title*=webrtc]").get_by_role("button", name="START", exact=True).click()
    expect(page.get_by_text("Pictures per second")).to_be_visible()
    page.wait_for_timeout(_SHOWN_MS)


def show_photo(page: Page) -> None:
    photo = cv2.imencode(".jpg", read_astronaut(), _QUALITY)[1].tobytes()
    file_input(page).set_input_files({"name": "me.jpg", "mimeType": "image/jpeg", "buffer": photo})
    page.get_by_text("Cut me out").click()
    expect(page.get_by_text("Covers: person")).to_be_visible()
    settled(page)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright, running_server(Path(name)) as server:
        folder = Path(name)
        context = playwright.chromium.launch_persistent_context(
            folder / "profile",
            executable_path=shutil.which("chromium"),
            args=[*FLAGS, *camera_flags(write_camera(folder / "camera.mjpeg"))],
            viewport=DESKTOP,
        )
        context.set_default_timeout(WAIT_MS)
        for path, show in (("live", show_live), ("photo", show_photo)):
            page = context.new_page()
            page.goto(f"{server.url}/{path}")
            settled(page)
            show(page)
            page.screenshot(path=ROOT / "docs" / f"{path}.png")
            page.close()
        context.close()


if __name__ == "__main__":
    main()
