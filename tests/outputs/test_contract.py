"""What every output owes, whichever it is."""

from fractions import Fraction
from pathlib import Path

import pytest

from segcore.outputs import OUTPUTS, Output
from segcore.outputs.result_video import ResultVideo
from segcore.outputs.stream_format import StreamFormat
from segcore.picture.canvas import Canvas
from segcore.picture.clip_frame import ClipFrame
from segcore.picture.color_tags import BT601
from segcore.pipeline import Result, build_pipeline
from segcore.recipe import ready_recipes
from tests.clips import picture

STREAM = StreamFormat(
    rate=Fraction(25),
    time_base=Fraction(1, 12_800),
    pixel_shape=None,
    color_primaries=2,
    color_transfer=2,
    sound=None,
)
COUNTED = ready_recipes()["count_red_things"]
EVERY = pytest.mark.parametrize("kind", OUTPUTS.values(), ids=list(OUTPUTS))


@pytest.fixture(scope="module")
def done() -> list[tuple[ClipFrame, Result]]:
    """Three frames and their results."""
    pipeline = build_pipeline(COUNTED)
    canvases = [Canvas.converted_from(picture(number), BT601) for number in range(3)]
    frames = [ClipFrame(canvas, number * 512, 512, STREAM.time_base) for number, canvas in enumerate(canvases)]
    return [(frame, pipeline.on_canvas(frame.canvas)) for frame in frames]


def begun(output: Output, done: list[tuple[ClipFrame, Result]]) -> Output:
    """Have an output written up to its last frame."""
    output.check(COUNTED)
    output.open(STREAM)
    for frame, result in done:
        output.add(frame, result)
    return output


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_outputs_are_found_by_themselves() -> None:
    assert {"mask", "measures", "objects", "result"} <= OUTPUTS.keys()
    assert OUTPUTS["result"] is ResultVideo


@EVERY
def test_it_says_what_it_is(kind: type[Output]) -> None:
    assert OUTPUTS[kind.name] is kind
    assert kind.name.isidentifier(), "it is an option of the command line"
    assert kind.summary
    assert kind.ending.startswith(".")


@EVERY
def test_it_has_its_name_only_when_it_is_whole(kind: type[Output], tmp_path: Path, done: list) -> None:
    target = tmp_path / f"a{kind.ending}"
    output = begun(kind(target), done)
    [part] = tmp_path.glob(f"{target.name}.*.part")
    output.finish()
    assert names(tmp_path) == [part.name]
    output.publish()
    output.discard()
    assert names(tmp_path) == [target.name]
    assert target.stat().st_size
    assert not output.damaged


@EVERY
def test_an_older_file_stays_until_the_new_one_is_whole(kind: type[Output], tmp_path: Path, done: list) -> None:
    target = tmp_path / f"a{kind.ending}"
    target.write_bytes(b"older")
    output = begun(kind(target), done)
    assert target.read_bytes() == b"older"
    output.discard()
    assert names(tmp_path) == [target.name]
    assert target.read_bytes() == b"older"


@EVERY
@pytest.mark.parametrize("steps", ["none", "opened", "some frames", "finished"])
def test_discard_leaves_nothing_and_may_come_twice(kind: type[Output], steps: str, tmp_path: Path, done: list) -> None:
    output = kind(tmp_path / f"a{kind.ending}")
    if steps == "opened":
        output.open(STREAM)
    elif steps != "none":
        begun(output, done)
    if steps == "finished":
        output.finish()
    output.discard()
    output.discard()
    assert names(tmp_path) == []


@EVERY
def test_frames_and_results_are_left_as_they_are(kind: type[Output], tmp_path: Path, done: list) -> None:
    def content() -> list[bytes]:
        return [canvas.buffer.tobytes() for frame, result in done for canvas in (frame.canvas, result.canvas)]

    before = content()
    begun(kind(tmp_path / f"a{kind.ending}"), done).discard()
    assert content() == before
