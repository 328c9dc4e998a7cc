"""What a visitor sees when something fails that no page expected."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenBrowser, file_input, running_server, settled, take_screenshots
from tests.clips import make_clip

SORRY = "There is no picture in this video that can be read"
NAME = "holiday with anna.mp4"


def test_a_file_that_vanished_is_one_sentence_and_a_note_in_the_log(open_browser: OpenBrowser, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / NAME, frames=5)
    with running_server(tmp_path) as server:
        page = open_browser().pages[0]
        page.goto(f"{server.url}/video")
        settled(page)
        file_input(page).set_input_files(clip or tmp_path / NAME)
        expect(page.get_by_role("button", name="Process the video")).to_be_visible()
        for file in server.files():
            file.unlink()
        page.get_by_text("Cut out what I mark").click()
        expect(page.get_by_role("alert").filter(has_text=SORRY)).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
        said = page.locator("body").inner_text()
        assert str(server.work_dir) not in said
        assert "Error" not in said
        take_screenshots(page, "video-went-wrong")
        log = server.log.read_text()
        assert "segcore.video.still:answer failed" in log, "where it was"
        assert "FileNotFoundError" in log, "and what"
        assert NAME not in log
