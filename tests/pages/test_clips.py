from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pandas as pd
import pytest
import streamlit as st
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException, StopException
from streamlit.testing.v1 import AppTest

from pages.shared import clips, files
from pages.shared.files import Workspace
from pages.shared.show import coverage_chart
from segcore.recipe import Recipe, ready_recipes
from segcore.segmentation import Label
from tests.clips import make_clip, make_sound
from tests.pages.conftest import Open, leave
from tests.pages.reading import find, labels, pick, press, upload
from tests.plain import refused

FRAMES = 12


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_clip(tmp_path_factory.mktemp("clip") / "a.mp4", frames=FRAMES, sound="aac").read_bytes()


@pytest.fixture
def space(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A visitor outside of Streamlit."""
    mine = Workspace()
    monkeypatch.setattr(clips, "workspace", lambda: mine)
    monkeypatch.setattr(st, "session_state", {})
    yield mine
    mine.remove()


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    seen: list[Path] = []
    monkeypatch.setattr(clips, "probe", lambda path, probe=clips.probe: seen.append(path) or probe(path))
    return seen


def sent(content: bytes, name: str = "a.mp4", file_id: str = "1") -> SimpleNamespace:
    return SimpleNamespace(file_id=file_id, name=name, getbuffer=lambda: memoryview(content))


def names(space: Workspace) -> list[str]:
    return sorted(path.name for path in space.folder.iterdir())


@pytest.fixture
def red() -> Recipe:
    return ready_recipes()["color_pop_red"]


def test_one_upload_is_looked_at_once(space: Workspace, content: bytes, probes: list[Path]) -> None:
    first = clips.keep(sent(content))
    assert clips.keep(sent(content)) is first
    assert len(probes) == 1
    assert clips.keep(sent(content, "b.MP4", "2")).upload_id == "2"
    assert len(probes) == 2
    assert names(space) == ["upload.mp4"]


@pytest.mark.usefixtures("space")
def test_a_lost_file_is_kept_anew(content: bytes) -> None:
    clips.keep(sent(content)).path.unlink()
    assert clips.keep(sent(content)).path.read_bytes() == content


def test_refused_upload_leaves_nothing(space: Workspace, content: bytes, tmp_path: Path) -> None:
    sound = make_sound(tmp_path / "a.mp3").read_bytes()
    for wrong in (b"", b"this is no video", content[:200], sound):
        with refused():
            clips.keep(sent(wrong))
        assert names(space) == []
        assert "clip" not in st.session_state


def test_a_refused_upload_ends_the_one_before(space: Workspace, content: bytes) -> None:
    clips.keep(sent(content))
    with refused():
        clips.keep(sent(b"no", file_id="2"))
    assert names(space) == []
    assert "clip" not in st.session_state


def test_full_disk_is_said(space: Workspace, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(path: Path, _: object) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill)
    with refused("No space left"):
        clips.keep(sent(content))
    assert names(space) == []


def test_processed_clip_and_its_table(space: Workspace, content: bytes, red: Recipe) -> None:
    done = clips.process(clips.keep(sent(content)), red)
    assert (done.title, done.cut_off) == ("Colour pop: red", False)
    assert names(space) == ["figures.csv", "mask.mp4", "result.mp4", "upload.mp4"]
    assert done.table.shape == (FRAMES, 1)
    assert list(done.table.index) == pytest.approx([n / 25 for n in range(FRAMES)])
    assert done.table["red"].between(3, 9).all()  # the square covers 1/16 of 4:3
    assert [label.name for label in done.labels] == ["red"]
    assert files._offered[done.address.removeprefix("/files/")] == done.path


def test_objects_are_counted_where_the_recipe_tells_them_apart(space: Workspace, content: bytes) -> None:
    done = clips.process(clips.keep(sent(content)), ready_recipes()["count_red_things"])
    assert done.counts.tolist() == [1] * FRAMES
    assert done.objects.read_text().splitlines()[0].startswith("time_s,number,label,area_px")
    assert done.objects.parent == space.folder
    assert done.figures.read_text().splitlines()[0] == "time_s,red_percent,objects"


def test_forgetting_removes_all(space: Workspace, content: bytes, red: Recipe) -> None:
    st.session_state["clip_finished"] = done = clips.process(clips.keep(sent(content)), red)
    clips.forget()
    assert names(space) == []
    assert not st.session_state
    assert done.address.removeprefix("/files/") not in files._offered


@pytest.mark.parametrize("ending", [StopException, RerunException, RuntimeError])
def test_cancelled_in_the_middle_leaves_nothing(
    space: Workspace, content: bytes, red: Recipe, monkeypatch: pytest.MonkeyPatch, ending: type[BaseException]
) -> None:
    def show(*_: object) -> None:
        raise ending(None) if ending is RerunException else ending

    monkeypatch.setattr(st, "progress", lambda *_: SimpleNamespace(progress=show))
    clip = clips.keep(sent(content))
    with pytest.raises(ending):
        clips.process(clip, red)
    assert names(space) == ["upload.mp4"]


def test_cancelling_waits_until_the_job_has_tidied_up(
    space: Workspace, content: bytes, red: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streamlit calls `cancel` on a new thread while the one that works has yet to be stopped."""
    working, stopped = Event(), Event()

    def show(*_: object) -> None:
        working.set()
        stopped.wait()
        raise StopException

    monkeypatch.setattr(st, "progress", lambda *_: SimpleNamespace(progress=show))
    clip = clips.keep(sent(content))
    with ThreadPoolExecutor(2) as pool:
        job = pool.submit(clips.process, clip, red)
        working.wait()
        clips.start()
        cancelling = pool.submit(lambda: (clips.cancel(), names(space))[1])
        early = wait([cancelling], timeout=0.2).done
        stopped.set()
        assert not early
        assert cancelling.result() == ["upload.mp4"]
        assert isinstance(job.exception(), StopException)


def test_a_visitor_who_left_during_a_job_leaves_nothing(space: Workspace) -> None:
    with space.one_job():
        space.remove()
        space.folder.mkdir()  # as if the job had been writing just then
    assert not space.folder.exists()


def test_cancelling_keeps_the_result_before(
    space: Workspace, content: bytes, red: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = clips.keep(sent(content))
    done = clips.process(clip, red)
    before = done.path.read_bytes()
    cancelled = SimpleNamespace(progress=lambda *_: (_ for _ in ()).throw(StopException()))
    monkeypatch.setattr(st, "progress", lambda *_: cancelled)
    with pytest.raises(StopException):
        clips.process(clip, red)
    assert done.path.read_bytes() == before
    assert names(space) == ["figures.csv", "mask.mp4", "result.mp4", "upload.mp4"]
    assert done.address.removeprefix("/files/") in files._offered


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
    app = upload(visit("video"), "MP4", "a.mp4", content)
    assert any("160x120" in line.value for line in app.markdown)
    return press(pick(app, "Colour pop: red"), "Process the video")


def test_video_page_from_upload_to_result(visit: Open, content: bytes, work_dir: Path) -> None:
    app = finished(visit, content)
    assert [line.value for line in app.subheader] == ["Colour pop: red"]
    assert labels(app, "download_button")[:2] == ["Result", "Mask video"]
    assert any(line.value.startswith(f"{FRAMES} pictures in ") for line in app.caption)
    find(app, "file_uploader", app.file_uploader[0].label).clear()
    assert "Choose a video to begin" in app.run().info[0].value
    assert [path for path in work_dir.rglob("*") if path.is_file()] == []


def test_files_go_when_the_visitor_does(visit: Open, content: bytes, work_dir: Path) -> None:
    finished(visit, content)
    assert [path.name for path in work_dir.rglob("*.mp4")]
    leave()
    assert list(work_dir.iterdir()) == []


def test_video_page_refuses_what_is_no_video(visit: Open, work_dir: Path) -> None:
    app = upload(visit("video"), "MP4", "a.mp4", b"no video at all")
    assert app.error[0].value.startswith("This is not a video that can be read")
    assert [path for path in work_dir.rglob("*") if path.is_file()] == []
