import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.shared.desk import clips
from pages.shared.desk.charts import coverage_chart
from pages.shared.desk.clips import ClipDesk, Finished
from pages.shared.visitor import visits
from pages.shared.visitor.shelves import Arrival, Shelf
from pages.shared.visitor.visits import Visit, sweep
from segcore.recipe import Recipe, ready_recipes
from segcore.segmentation import Label
from segcore.settings import settings
from tests.clips import make_clip, make_sound, repeat
from tests.pages.asking import fetch
from tests.pages.conftest import Open, files_in, go, lose_connection, send
from tests.pages.reading import labels, pick, press, read
from tests.plain import refused

FRAMES = 12


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_clip(tmp_path_factory.mktemp("clip") / "a.mp4", frames=FRAMES, sound="aac").read_bytes()


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """A visitor's, outside of Streamlit."""
    mine = Visit("one")
    yield mine.shelf("clip")
    mine.remove()


def arrive(shelf: Shelf, content: bytes, name: str = "a.mp4") -> Arrival:
    """Put a file on the shelf as the upload route does."""
    arrival = Arrival(str(len(shelf.arrived)), name, shelf.folder / f"upload-{time.monotonic_ns()}.mp4")
    arrival.path.write_bytes(content)
    shelf.arrived.append(arrival)
    return arrival


def names(shelf: Shelf) -> list[str]:
    """Return the files on the shelf, the upload's name without what makes it one of a kind."""
    return sorted(re.sub(r"-[0-9]+(?=\.mp4)", "", path.name) for path in shelf.folder.iterdir())


def done(shelf: Shelf, recipe: Recipe) -> Finished:
    """Process the shelf's clip to its end."""
    clips.start(shelf, recipe)
    until(lambda: not shelf.running)
    assert clips.settle(shelf) is None
    return shelf.store.get(ClipDesk).finished


def until(true: Callable[[], object]) -> None:
    while not true():
        time.sleep(0.01)


@pytest.fixture
def red() -> Recipe:
    return ready_recipes()["color_pop_red"]


@pytest.fixture
def long_clip(shelf: Shelf, tmp_path: Path) -> None:
    """A clip on the shelf that takes long."""
    path = repeat(make_clip(tmp_path / "a.mp4", frames=140), 100)
    clips.keep(arrive(shelf, path.read_bytes()), shelf)


def test_a_clip_takes_the_place_of_the_one_before(shelf: Shelf, content: bytes, red: Recipe) -> None:
    clips.keep(arrive(shelf, content), shelf)
    done(shelf, red)
    second = clips.keep(arrive(shelf, content, "b.mp4"), shelf)
    assert shelf.store.get(ClipDesk) == ClipDesk(clip=second)
    assert (second.name, names(shelf), shelf.arrived) == ("b.mp4", ["upload.mp4"], [])


def test_refused_upload_leaves_nothing(shelf: Shelf, content: bytes, tmp_path: Path) -> None:
    sound = make_sound(tmp_path / "a.mp3").read_bytes()
    for wrong in (b"", b"this is no video", content[:200], sound):
        with refused():
            clips.keep(arrive(shelf, wrong), shelf)
        assert names(shelf) == shelf.arrived == []
        assert shelf.store.get(ClipDesk) == ClipDesk()


def test_a_refused_upload_ends_the_one_before(shelf: Shelf, content: bytes) -> None:
    clips.keep(arrive(shelf, content), shelf)
    with refused():
        clips.keep(arrive(shelf, b"no"), shelf)
    assert names(shelf) == []
    assert shelf.store.get(ClipDesk) == ClipDesk()


def test_processed_clip_and_its_table(shelf: Shelf, content: bytes, red: Recipe) -> None:
    clips.keep(arrive(shelf, content), shelf)
    result = done(shelf, red)
    assert (result.title, result.cut_off, result.frames) == ("Colour pop: red", False, FRAMES)
    assert names(shelf) == ["mask.mp4", "measures.csv", "result.mp4", "upload.mp4"]
    assert result.table.shape == (FRAMES, 1)
    assert list(result.table.index) == pytest.approx([n / 25 for n in range(FRAMES)])
    assert result.table["red"].between(3, 9).all()  # the square covers 1/16 of 4:3
    assert [label.name for label in result.labels] == ["red"]
    assert fetch(result.address)[2] == result.path.read_bytes()


def test_objects_are_counted_where_the_recipe_tells_them_apart(shelf: Shelf, content: bytes) -> None:
    clips.keep(arrive(shelf, content), shelf)
    result = done(shelf, ready_recipes()["count_red_things"])
    assert result.table["objects"].tolist() == [1] * FRAMES
    assert result.objects.read_text().splitlines()[0].startswith("time_s,number,label,area_px")
    assert result.objects.parent == shelf.folder
    assert result.measures.read_text().splitlines()[0] == "time_s,red_percent,objects"


def test_a_long_clips_table_is_light(shelf: Shelf, red: Recipe, tmp_path: Path) -> None:
    path = repeat(make_clip(tmp_path / "a.mp4", frames=300, size=(32, 32)), 10)
    clips.keep(arrive(shelf, path.read_bytes()), shelf)
    result = done(shelf, red)
    assert result.frames == 3000
    assert len(result.table) == 1000


def test_forgetting_removes_all(shelf: Shelf, content: bytes, red: Recipe) -> None:
    clips.keep(arrive(shelf, content), shelf)
    result = done(shelf, red)
    shelf.clear()
    assert names(shelf) == []
    assert shelf.store.get(ClipDesk) == ClipDesk()
    assert fetch(result.address)[0] == 404


@pytest.mark.usefixtures("long_clip")
def test_progress_is_there_to_be_seen_and_cancelling_leaves_nothing(shelf: Shelf, red: Recipe) -> None:
    clips.start(shelf, red)
    job = shelf.job
    until(lambda: job.step)
    assert cv2.imdecode(np.frombuffer(job.still, np.uint8), cv2.IMREAD_COLOR).shape == (120, 160, 3)
    assert job.step.frames_expected == 14_000
    assert shelf.keeps_longer
    clips.cancel(shelf)
    assert (job.running, shelf.running, job.finished) == (False, False, None)
    assert names(shelf) == ["upload.mp4"]
    assert not shelf.keeps_longer


@pytest.mark.usefixtures("long_clip")
def test_there_is_one_job_at_a_time(shelf: Shelf, red: Recipe) -> None:
    clips.start(shelf, red)
    job = shelf.job
    clips.start(shelf, red)
    assert shelf.job is job
    clips.cancel(shelf)


@pytest.mark.usefixtures("long_clip")
def test_forgetting_in_the_middle_leaves_nothing(shelf: Shelf, red: Recipe) -> None:
    clips.start(shelf, red)
    until(lambda: shelf.job.step)
    shelf.clear()
    assert names(shelf) == []


def test_a_job_that_fails_says_why_in_a_sentence(
    shelf: Shelf, content: bytes, red: Recipe, caplog: pytest.LogCaptureFixture
) -> None:
    """Here, because its clip is gone: no page does that, but a disk may."""
    clip = clips.keep(arrive(shelf, content), shelf)
    clip.path.unlink()
    clips.start(shelf, red)
    until(lambda: not shelf.running)
    error = str(clips.settle(shelf))
    assert re.fullmatch(r"[^/\n]+\.", error)
    assert clips.settle(shelf) is None
    assert "Traceback" not in error
    assert "a.mp4" not in caplog.text


def test_cancelling_keeps_the_result_before(shelf: Shelf, content: bytes, red: Recipe) -> None:
    clips.keep(arrive(shelf, content), shelf)
    result = done(shelf, red)
    before = result.path.read_bytes()
    clips.start(shelf, red)
    clips.cancel(shelf)
    assert result.path.read_bytes() == before
    assert names(shelf) == ["mask.mp4", "measures.csv", "result.mp4", "upload.mp4"]
    assert fetch(result.address)[0] == 200
    assert shelf.keeps_longer


@pytest.mark.parametrize("name", ["time_s", "label", "percent", "index", "a.b", "[x]", "level_0"])
def test_chart_takes_labels_of_any_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    drawn = []
    monkeypatch.setattr(st, "altair_chart", lambda chart, **_: drawn.append(chart.to_dict()))
    table = pd.DataFrame({name: [1.0, 2.0], "other": [3.0, 4.0]}, [0.0, 0.5])
    coverage_chart(table, (Label(name, (1, 2, 255)), Label("other", (0, 0, 0))))
    (rows,) = drawn[0]["datasets"].values()
    assert [tuple(row.values()) for row in rows] == [
        (0.0, name, 1.0),
        (0.0, "other", 3),
        (0.5, name, 2),
        (0.5, "other", 4),
    ]
    assert drawn[0]["encoding"]["color"]["scale"] == {"domain": [name, "other"], "range": ["#ff0201", "#000000"]}


def test_chart_of_a_long_clip_is_light(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(st, "altair_chart", lambda chart, **_: drawn.append(chart.data))
    coverage_chart(pd.DataFrame({"red": range(18_000)}, [n / 30 for n in range(18_000)]), (Label("red", (0, 0, 255)),))
    assert len(drawn[0]) == 1000


def finished(visit: Open, content: bytes) -> AppTest:
    app = send(visit("video"), "clip", ("a.mp4", content))
    assert any("160x120" in line.value for line in app.markdown)
    return wait_for_the_end(press(pick(app, "Colour pop: red"), "Process the video"))


def wait_for_the_end(app: AppTest) -> AppTest:
    """Run the page again until its job has ended, as its timer does in a browser."""
    while "Cancel" in labels(app, "button"):
        app = read(app.run())
    return app


def test_video_page_from_upload_to_result(visit: Open, content: bytes, work_dir: Path) -> None:
    app = finished(visit, content)
    assert [line.value for line in app.subheader] == ["Colour pop: red"]
    assert labels(app, "download_button")[:2] == ["Result", "Mask video"]
    assert any(line.value.startswith(f"{FRAMES} pictures in ") for line in app.caption)
    press(app, "Remove")
    assert "Choose a video to begin" in app.run().info[0].value
    assert files_in(work_dir) == []


def test_how_long_files_stay_is_said_before(visit: Open, content: bytes) -> None:
    app = visit("video")
    assert "10 min after you leave" in app.info[0].value
    app = send(app, "clip", ("a.mp4", content))
    assert any("60 min after you leave" in line.value or "1 h 00 min" in line.value for line in app.caption)


def test_a_lost_connection_and_a_look_at_another_page_lose_nothing(visit: Open, content: bytes) -> None:
    app = press(send(visit("video"), "clip", ("a.mp4", content)), "Process the video")
    lose_connection()
    app = wait_for_the_end(go(go(app, "photo"), "video"))
    assert any(line.value.startswith(f"{FRAMES} pictures in ") for line in app.caption)


def test_after_the_files_time_the_page_begins_anew(
    visit: Open, content: bytes, work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = finished(visit, content)
    monkeypatch.setenv("SEGDECK_KEEP_RESULT_MINUTES", "1e-9")
    settings.cache_clear()
    sweep()
    assert files_in(work_dir) == []
    app = go(go(app, "photo"), "video")
    assert "Choose a video to begin" in app.info[0].value


def test_forgetting_the_clip_leaves_a_draft(visit: Open, content: bytes, work_dir: Path) -> None:
    app = send(visit("video"), "clip", ("a.mp4", content))
    (mine,) = visits._visits.values()
    (mine.shelf("network").folder / "network-0.onnx").write_bytes(b"x")
    press(app, "Remove")
    assert "Choose a video to begin" in app.info[0].value
    assert files_in(work_dir) == ["network-0.onnx"]


def test_video_page_refuses_what_is_no_video(visit: Open, work_dir: Path) -> None:
    app = send(visit("video"), "clip", ("a.mp4", b"no video at all"))
    assert app.error[0].value.startswith("This is not a video that can be read")
    assert files_in(work_dir) == []


@pytest.mark.usefixtures("ended_early")
def test_a_refusal_is_said_even_if_its_run_ends_early(visit: Open) -> None:
    app = send(visit("video"), "clip", ("a.mp4", b"no video at all"))
    assert app.error[0].value.startswith("This is not a video that can be read")
