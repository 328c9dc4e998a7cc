from pathlib import Path

import av
import pytest

from segcore.outputs.clip import ClipWriter
from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import BT601
from segcore.video import probe
from segcore.video.reader import ClipReader, Picture
from tests.clips import make_clip, picture


@pytest.fixture
def reader(tmp_path: Path) -> ClipReader:
    source = make_clip(tmp_path / "a.mp4", frames=3)
    with ClipReader(source, probe(source)) as opened:
        yield opened


@pytest.fixture
def canvas() -> Canvas:
    return Canvas.converted_from(picture(0), BT601)


def test_a_clip_has_its_name_only_when_it_is_whole(tmp_path: Path, reader: ClipReader, canvas: Canvas) -> None:
    target = tmp_path / "b.mp4"
    writer = ClipWriter(target, canvas, reader, sound=False)
    for pts in (0, 512, 1024):
        writer.write_picture(canvas, Picture(canvas, pts, 512))
        assert not target.exists()
    writer.finish()
    [part] = tmp_path.glob("b.mp4.*.part")
    assert not target.exists()
    writer.publish()
    writer.discard()
    assert not part.exists()
    with av.open(target) as container:
        assert len(list(container.decode(video=0))) == 3


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path: Path, reader: ClipReader, canvas: Canvas) -> None:
    target = tmp_path / "b.mp4"
    target.write_bytes(b"older")
    writer = ClipWriter(target, canvas, reader, sound=False)
    writer.write_picture(canvas, Picture(canvas, 0, 512))
    writer.discard()
    assert target.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize("pictures", [0, 1, 30])
def test_discard_leaves_nothing_and_may_come_twice(
    pictures: int, tmp_path: Path, reader: ClipReader, canvas: Canvas
) -> None:
    writer = ClipWriter(tmp_path / "b.mp4", canvas, reader, sound=False)
    for number in range(pictures):
        writer.write_picture(canvas, Picture(canvas, number * 512, 512))
    writer.discard()
    writer.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_discard_after_publish_does_no_harm(tmp_path: Path, reader: ClipReader, canvas: Canvas) -> None:
    writer = ClipWriter(tmp_path / "b.mp4", canvas, reader, sound=False)
    writer.write_picture(canvas, Picture(canvas, 0, 512))
    writer.finish()
    writer.publish()
    writer.discard()
    assert (tmp_path / "b.mp4").stat().st_size > 0
