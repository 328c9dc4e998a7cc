"""Video: a clip in, progress, the finished clip played to its end and taken away; nothing left when it goes wrong."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenBrowser, Server, file_input, running_server, settled, take_screenshots
from tests.browser.line import line_to
from tests.clips import make_clip, pad, repeat

_CUT_MS = 30_000
_PROGRESS = "() => document.body.innerText.match(/([0-9]+) of 9000 pictures/)?.[1]"
_PLAYED = "video => video.ended && video.currentTime > 0 && video.error === null"


@pytest.fixture
def video_page(server: Server, open_browser: OpenBrowser) -> Page:
    return open_video(server.url, open_browser)


def open_video(url: str, open_browser: OpenBrowser) -> Page:
    page = open_browser("--autoplay-policy=no-user-gesture-required").pages[0]
    page.goto(f"{url}/video")
    settled(page)
    return page


def upload(page: Page, path: Path) -> None:
    file_input(page).set_input_files(path)


def start(page: Page, recipe: str = "Colour pop: red") -> None:
    page.get_by_text(recipe).click()
    page.get_by_role("button", name="Process the video").click()


def start_a_long_one(page: Page, folder: Path) -> None:
    upload(page, repeat(make_clip(folder / "clip.mp4", frames=90, size=(1280, 720)), 100))
    expect(page.get_by_text("1280x720 pixels")).to_be_visible()
    start(page)
    expect(page.get_by_text("of 9000 pictures")).to_be_visible()


def play_to_the_end(page: Page) -> None:
    player = page.locator("video")
    player.evaluate("video => { video.playbackRate = 4; return video.play(); }")
    page.wait_for_function(f"({_PLAYED})(document.querySelector('video'))")


def streams(path: Path) -> list[dict[str, str]]:
    """Return what ffprobe says of a file's streams."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", path]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"]


def test_a_clip_is_processed_played_and_taken_away(video_page: Page, tmp_path: Path) -> None:
    expect(video_page.get_by_text("at most 200 MB, 3840x2160 pixels and 10 min")).to_be_visible()
    take_screenshots(video_page, "video-start")
    upload(video_page, make_clip(tmp_path / "clip.mp4", frames=75, size=(320, 240), sound="aac"))
    expect(video_page.get_by_text("320x240 pixels · 3 s · 25 frames per second · with sound")).to_be_visible()
    take_screenshots(video_page, "video-uploaded")
    start(video_page)
    expect(video_page.get_by_text("75 pictures in")).to_be_visible()
    play_to_the_end(video_page)
    take_screenshots(video_page, "video-finished")
    for button, kinds in (("Result", ["video", "audio"]), ("Mask video", ["video"])):
        with video_page.expect_download() as waiting:
            video_page.get_by_role("button", name=button, exact=True).click()
        assert waiting.value.suggested_filename == f"clip {button.split()[0].lower()}.mp4"
        file = tmp_path / f"{button}.mp4"
        waiting.value.save_as(file)
        found = streams(file)
        assert [stream["codec_type"] for stream in found] == kinds
        assert (found[0]["codec_name"], found[0]["pix_fmt"]) == ("h264", "yuv420p")
        assert found[0]["nb_read_frames"] == "75"


def test_progress_is_shown_and_cancel_leaves_nothing(server: Server, video_page: Page, tmp_path: Path) -> None:
    start_a_long_one(video_page, tmp_path)
    expect(video_page.get_by_role("img").last).to_be_visible()
    take_screenshots(video_page, "video-running")
    video_page.get_by_role("button", name="Cancel").click()
    expect(video_page.get_by_role("button", name="Process the video")).to_be_visible()
    assert kinds(server) == ["upload.mp4"]
    video_page.get_by_role("button", name="Remove").click()
    expect(video_page.get_by_text("Choose a video to begin")).to_be_visible()
    assert server.files() == []


def test_a_job_goes_on_while_another_page_is_looked_at(video_page: Page, tmp_path: Path) -> None:
    upload(video_page, repeat(make_clip(tmp_path / "clip.mp4", frames=100), 20))
    expect(video_page.get_by_text("160x120 pixels")).to_be_visible()
    start(video_page)
    expect(video_page.get_by_text("of 2000 pictures")).to_be_visible()
    video_page.get_by_role("link", name="Photo").click()
    expect(video_page.get_by_role("heading", name="Photo", level=1)).to_be_visible()
    settled(video_page)
    video_page.get_by_role("link", name="Video").click()
    expect(video_page.get_by_text("2000 pictures in")).to_be_visible()
    expect(video_page.get_by_text("clip.mp4")).to_be_visible()
    take_screenshots(video_page, "video-come-back")


def test_a_cut_of_thirty_seconds_loses_nothing(server: Server, open_browser: OpenBrowser, tmp_path: Path) -> None:
    with line_to(server.url) as line:
        page = open_video(line.url, open_browser)
        start_a_long_one(page, tmp_path)
        line.cut()
        page.wait_for_timeout(2_000)
        at_first = frames_done(page)
        page.wait_for_timeout(_CUT_MS)
        line.mend()
        page.wait_for_function(f"Number(({_PROGRESS})()) > {at_first}")
        expect(page.get_by_text("FileNotFoundError")).to_have_count(0)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("clip.mp4")).to_be_visible()
        assert kinds(server) == ["upload.mp4"]
        line.cut()
        page.wait_for_timeout(5_000)
        line.mend()
        page.get_by_text("Silhouette").click()
        expect(page.get_by_text("clip.mp4")).to_be_visible()
        expect(page.get_by_role("button", name="Process the video")).to_be_visible()


def test_a_page_that_is_loaded_again_finds_its_job(server: Server, video_page: Page, tmp_path: Path) -> None:
    start_a_long_one(video_page, tmp_path)
    video_page.reload()
    expect(video_page.get_by_text("of 9000 pictures")).to_be_visible()
    video_page.get_by_role("button", name="Cancel").click()
    expect(video_page.get_by_text("clip.mp4")).to_be_visible()
    assert kinds(server) == ["upload.mp4"]


def frames_done(page: Page) -> int:
    return int(page.evaluate(_PROGRESS))


def test_an_upload_shows_its_progress_and_can_be_cancelled(server: Server, video_page: Page, tmp_path: Path) -> None:
    large = pad(make_clip(tmp_path / "large.mp4"), 40_000_000)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000}
    browser = video_page.context.new_cdp_session(video_page)
    browser.send("Network.enable")
    browser.send("Network.emulateNetworkConditions", slow)
    upload(video_page, large)
    expect(video_page.get_by_text(re.compile("of 40.0 MB · [1-9][0-9]? %"))).to_be_visible()
    assert kinds(server) == ["upload.mp4.part"]
    take_screenshots(video_page, "video-uploading")
    video_page.get_by_role("button", name="Cancel").click()
    expect(video_page.get_by_role("button", name="Choose a file")).to_be_visible()
    expect(video_page.get_by_text("The upload was cancelled.")).to_be_attached()
    browser.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    upload(video_page, large)  # at once: it waits until the server has noticed
    expect(video_page.get_by_text("160x120 pixels")).to_be_visible()
    assert kinds(server) == ["upload.mp4"]


def test_a_cut_upload_is_said_and_leaves_nothing(server: Server, open_browser: OpenBrowser, tmp_path: Path) -> None:
    with line_to(server.url) as line:
        page = open_video(line.url, open_browser)
        upload(page, pad(make_clip(tmp_path / "large.mp4"), 190_000_000))
        expect(page.get_by_text(re.compile(" of 190.0 MB"))).to_be_visible()
        line.cut()
        expect(page.get_by_role("alert").filter(has_text="The connection was lost")).to_be_visible()
        line.mend()
        until_no_files(page, server)


def test_what_is_too_large_is_refused_by_page_and_server(open_browser: OpenBrowser, tmp_path: Path) -> None:
    with running_server(tmp_path, SEGDECK_MAX_UPLOAD_MB="20", SEGDECK_MAX_VISIT_MB="30") as server:
        page = open_video(server.url, open_browser)
        upload(page, pad(make_clip(tmp_path / "large.mp4"), 21_000_000))
        said = page.get_by_role("alert").filter(has_text="21 MB; the largest accepted has 20 MB")
        expect(said).to_be_visible()
        take_screenshots(page, "video-too-large")
        assert server.files() == []
        fitting = pad(make_clip(tmp_path / "fits.mp4"), 19_000_000)
        upload(page, fitting)
        expect(page.get_by_text("160x120 pixels")).to_be_visible()
        expect(said).to_be_hidden()
        upload(page, fitting)  # beside the first it is too much; only the server knows
        expect(page.get_by_role("alert").filter(has_text="more than 30 MB here; remove something")).to_be_visible()
        assert kinds(server) == ["upload.mp4"]
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("Choose a video to begin")).to_be_visible()
        upload(page, fitting)
        expect(page.get_by_text("160x120 pixels")).to_be_visible()


def until_no_files(page: Page, server: Server) -> None:
    while server.files():
        page.wait_for_timeout(200)


def kinds(server: Server) -> list[str]:
    """Return the names of visitors' files, without what makes an upload's one of a kind."""
    return sorted(re.sub("-[0-9a-f]+(?=[.])", "", path.name) for path in server.files())


def test_two_visitors_never_meet(server: Server, open_browser: OpenBrowser, tmp_path: Path) -> None:
    sizes = {"wide": (320, 180), "tall": (180, 320)}
    pages = {name: open_video(server.url, open_browser) for name in sizes}
    for name, page in pages.items():
        upload(page, make_clip(tmp_path / f"{name}.mp4", frames=50, size=sizes[name]))
        expect(page.get_by_text("{}x{} pixels".format(*sizes[name]))).to_be_visible()
    for page in pages.values():
        start(page)
    addresses = set()
    for name, page in pages.items():
        expect(page.get_by_text("50 pictures in")).to_be_visible()
        player = page.locator("video")
        page.wait_for_function("document.querySelector('video')?.videoWidth > 0")
        assert tuple(player.evaluate("video => [video.videoWidth, video.videoHeight]")) == sizes[name]
        addresses.add(player.evaluate("video => video.currentSrc.split('#')[0]"))
    assert len(addresses) == 2
    assert len({path.parent for path in server.files()}) == 2


def test_files_go_when_the_visitor_does(tmp_path: Path, open_browser: OpenBrowser) -> None:
    with running_server(tmp_path, SEGDECK_KEEP_MINUTES="0.02", SEGDECK_KEEP_RESULT_MINUTES="0.1") as server:
        page = open_video(server.url, open_browser)
        upload(page, make_clip(tmp_path / "clip.mp4", frames=25))
        expect(page.get_by_text("160x120 pixels")).to_be_visible()
        start(page)
        expect(page.get_by_text("25 pictures in")).to_be_visible()
        address = page.locator("video").evaluate("video => video.currentSrc.split('#')[0]")
        assert kinds(server) == ["mask.mp4", "measures.csv", "result.mp4", "upload.mp4"]
        other = page.context.new_page()
        other.goto("about:blank")
        page.close()
        gone = "async address => (await fetch(address)).status === 404"
        other.goto(f"{server.url}/_stcore/health")
        assert kinds(server) == ["mask.mp4", "measures.csv", "result.mp4", "upload.mp4"]
        other.wait_for_function(gone, arg=address, polling=250)
        until_no_files(other, server)
        assert "clip.mp4" not in server.log.read_text()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("text", "not a video that can be read"),
        ("empty", "not a video that can be read"),
        ("half", "cut off"),
        ("sound", "sound but no pictures"),
        ("tiny", "smallest accepted is 16x16"),
        ("8k", "largest accepted is 3840x2160"),
        ("long", "longest accepted is 10 min"),
    ],
)
def test_a_bad_clip_gets_one_clear_sentence(
    kind: str, words: str, server: Server, video_page: Page, tmp_path: Path
) -> None:
    upload(video_page, bad_clip(kind, tmp_path / "secret name.mp4"))
    alert = video_page.get_by_role("alert").filter(has_text=words)
    expect(alert).to_be_visible()
    assert "secret" not in alert.inner_text()
    assert "secret" not in server.log.read_text()
    upload(video_page, make_clip(tmp_path / "good.mp4", frames=5))
    expect(video_page.get_by_text("160x120 pixels")).to_be_visible()


def bad_clip(kind: str, path: Path) -> Path:
    """Write a clip that has something wrong with it."""
    if kind == "text":
        path.write_text("Dear video, ...")
    elif kind == "empty":
        path.touch()
    elif kind == "half":
        whole = make_clip(path.with_name("whole.mp4"), frames=40).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "sound":
        sound = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", path]
        subprocess.run(sound, check=True)
    elif kind == "tiny":
        make_clip(path.with_name("tiny.mkv"), frames=3, size=(1, 1), codec="ffv1", pix_fmt="yuv444p")
        shutil.move(path.with_name("tiny.mkv"), path)
    elif kind == "8k":
        make_clip(path, frames=1, size=(7680, 4320), options={"preset": "ultrafast"})
    else:
        make_clip(path, frames=2, times=[0, 3 * 3600], time_base=None, rate=1)
    return path
