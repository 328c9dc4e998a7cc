import csv
import itertools
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Literal

import av
import numpy as np
import pytest

from segcore.errors import SegdeckError
from segcore.methods.objects import ObjectsOptions
from segcore.outputs import Output
from segcore.outputs.result_video import ResultVideo
from segcore.outputs.stream_format import StreamFormat
from segcore.overlays import Overlay
from segcore.overlays.cut_out import CutOut
from segcore.overlays.objects import NumberedObjects
from segcore.overlays.side_by_side import SideBySide
from segcore.picture.canvas import Canvas
from segcore.picture.clip_frame import ClipFrame
from segcore.pipeline import Result
from segcore.recipe import Recipe
from segcore.segmentation import Segmentation
from segcore.settings import settings
from segcore.video import Progress, VideoInfo, iterate_clip, process_clip
from tests.clips import ONSET_S, damage, join_clip, make_clip
from tests.plain import refused
from tests.video.conftest import NOTHING, REDS, TINT, outputs

Read = Callable[..., Any]


def processed(source: Path, recipe: Recipe = NOTHING, **more: Path) -> tuple[Path, Progress]:
    target = source.with_name("result.mp4")
    *_, last = iterate_clip(source, outputs(result=target, **more), recipe)
    return target, last


def assert_nothing_left(source: Path) -> None:
    assert list(source.parent.iterdir()) == [source]
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("segdeck-")] == []


# What comes out


def test_the_result_is_what_every_browser_plays(tmp_path: Path, video_stream: Read) -> None:
    target, last = processed(make_clip(tmp_path / "a.mp4"))
    stream = video_stream(target)
    assert (stream["codec_name"], stream["pix_fmt"], stream["nb_frames"]) == ("h264", "yuv420p", "24")
    content = target.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat"), "the index must come first, for a player to start early"
    assert (last.frames_done, last.share, last.left_s, last.cut_off) == (24, 1, 0, False)


def test_each_picture_is_split_and_drawn(tmp_path: Path, decoded: Read) -> None:
    target, _ = processed(make_clip(tmp_path / "a.mp4"), TINT)
    pictures = decoded(target, 160, 120).astype(int)
    for number, picture in enumerate(pictures):
        square = picture[36:54, 10 + 2 * number : 28 + 2 * number].reshape(-1, 3).mean(axis=0)
        assert square == pytest.approx([0, 255, 0], abs=12), f"picture {number}: the red square must be green"


def test_progress_tells_of_every_picture(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=10)
    steps = list(iterate_clip(source, tmp_path / "b.mp4", TINT))
    assert [step.frames_done for step in steps] == [*range(1, 11), 10]
    assert [step.time_s for step in steps[:3]] == pytest.approx([0, 0.04, 0.08])
    assert steps[4].share == 0.5
    assert steps[4].left_s == pytest.approx(5 / steps[4].rate_fps)
    assert steps[0].measures.coverage_percent["red"] == pytest.approx(100 * 30 * 30 / (160 * 120), abs=1)
    assert steps[0].still().shape == (120, 160, 3)
    elapsed = [step.elapsed_s for step in steps]
    assert elapsed == sorted(elapsed)


def test_side_by_side_keeps_the_width(tmp_path: Path, video_stream: Read) -> None:
    recipe = Recipe(title="Both", segmenter=REDS, overlay=SideBySide())
    target, _ = processed(make_clip(tmp_path / "a.mp4"), recipe)
    assert (video_stream(target)["width"], video_stream(target)["height"]) == (160, 60)


# Times

_VARYING = [0, 40, 90, 300, 310, 900, 960]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {}),
        ("a.mp4", {"rate": Fraction(30000, 1001), "frames": 40}),
        ("a.mp4", {"times": _VARYING, "time_base": Fraction(1, 1000)}),
        ("a.mkv", {"times": _VARYING, "time_base": Fraction(1, 1000), "sound": "aac"}),
        ("a.webm", {"times": _VARYING, "time_base": Fraction(1, 1000), "codec": "libvpx", "sound": "libopus"}),
        ("a.webm", {"codec": "libvpx-vp9", "container_options": {"live": "1"}}),
        ("a.ts", {"sound": "aac"}),
        ("a.mp4", {"times": [500, 540, 580, 620], "time_base": Fraction(1, 1000), "sound": "aac", "sound_s": 1}),
        ("a.avi", {"codec": "mpeg4"}),
        ("a.mov", {"options": {"bf": "3"}, "sound": "pcm_s16le"}),
        ("a.gif", {"codec": "gif", "pix_fmt": "rgb8", "rate": 10}),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value) or "plain",
)
def test_frame_times_stay(name: str, options: dict[str, Any], tmp_path: Path, times: Read, ffprobe: Read) -> None:
    source = make_clip(tmp_path / name, **options)
    target, last = processed(source)
    facts = ffprobe(source, "-show_format")["format"]
    start = max(0.0, float(facts.get("start_time", 0)))
    assert times(target) == pytest.approx([moment - start for moment in times(source)], abs=0.0011)
    assert not last.cut_off
    if "duration" in facts:
        length_s = float(facts["duration"])
        assert float(ffprobe(target, "-show_format")["format"]["duration"]) == pytest.approx(length_s, abs=0.06)


def test_a_file_without_frame_times_gets_even_ones(tmp_path: Path, times: Read) -> None:
    source = make_clip(tmp_path / "a.avi", codec="mpeg4", options={"bf": "2"})
    target, _ = processed(source)
    found = times(target)
    assert len(found) == 24
    assert np.diff(found) == pytest.approx(0.04, abs=0.001)


# Shape


@pytest.mark.parametrize(("degrees", "size"), [(90, (120, 160)), (180, (160, 120)), (270, (120, 160))])
@pytest.mark.parametrize(("codec", "pix_fmt"), [("libx264", "yuv420p"), ("libx264", "yuv444p")])
def test_a_turned_clip_comes_out_upright(
    degrees: int, size: tuple[int, int], codec: str, pix_fmt: str, tmp_path: Path, decoded: Read, video_stream: Read
) -> None:
    source = make_clip(tmp_path / "a.mp4", rotation=degrees, codec=codec, pix_fmt=pix_fmt)
    target, _ = processed(source)
    stream = video_stream(target)
    assert (stream["width"], stream["height"]) == size
    assert not [data for data in stream.get("side_data_list", []) if "rotation" in data]
    before, after = decoded(source, *size), decoded(target, *size)
    assert np.abs(before.astype(int) - after).mean() < 4


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p"])
def test_odd_sides_become_even(pix_fmt: str, tmp_path: Path, decoded: Read, video_stream: Read) -> None:
    source = make_clip(tmp_path / "a.mkv", size=(161, 121), codec="ffv1", pix_fmt=pix_fmt)
    target, _ = processed(source)
    assert (video_stream(target)["width"], video_stream(target)["height"]) == (162, 122)
    before, after = decoded(source, 161, 121), decoded(target, 162, 122)[:, :121, :161]
    assert np.abs(before.astype(int) - after).mean() < 4


@pytest.mark.parametrize("colorspace", [None, 1])
def test_a_height_that_four_does_not_divide_keeps_its_colours(
    colorspace: int | None, tmp_path: Path, decoded: Read
) -> None:
    source = make_clip(tmp_path / "a.mp4", size=(162, 122), colorspace=colorspace)
    target, _ = processed(source)
    assert np.abs(decoded(source, 162, 122).astype(int) - decoded(target, 162, 122)).mean() < 4


def test_pixels_that_are_not_square_stay_so(tmp_path: Path, video_stream: Read) -> None:
    target, _ = processed(make_clip(tmp_path / "a.mp4", pixel_shape=Fraction(4, 3)))
    assert video_stream(target)["sample_aspect_ratio"] == "4:3"


def test_pixels_of_a_turned_clip_turn_with_it(tmp_path: Path, video_stream: Read) -> None:
    target, _ = processed(make_clip(tmp_path / "a.mp4", pixel_shape=Fraction(4, 3), rotation=90))
    assert video_stream(target)["sample_aspect_ratio"] == "3:4"


# Colours


@pytest.mark.parametrize(
    ("name", "options", "space", "color_range"),
    [
        ("a.mp4", {}, "smpte170m", "tv"),
        ("a.mp4", {"colorspace": 1}, "bt709", "tv"),
        ("a.mp4", {"colorspace": 9}, "bt2020nc", "tv"),
        ("a.mp4", {"colorspace": 1, "full_range": True}, "bt709", "pc"),
        ("a.mp4", {"pix_fmt": "yuvj420p", "full_range": True}, "smpte170m", "pc"),
        ("a.mkv", {"codec": "mjpeg", "pix_fmt": "yuvj422p", "full_range": True}, None, "pc"),
        ("a.mp4", {"pix_fmt": "yuv422p", "colorspace": 1}, "bt709", "tv"),
        ("a.mp4", {"pix_fmt": "yuv420p10le", "colorspace": 1}, "bt709", "tv"),
        ("a.mp4", {"pix_fmt": "yuv444p10le", "colorspace": 9}, "bt2020nc", "tv"),
        ("a.mp4", {"pix_fmt": "yuv444p", "colorspace": 1, "full_range": True}, "bt709", "pc"),
        ("a.mkv", {"codec": "ffv1", "pix_fmt": "bgr0"}, "smpte170m", "tv"),
        ("a.gif", {"codec": "gif", "pix_fmt": "rgb8", "rate": 10}, "smpte170m", "tv"),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(map(str, value.values())) if value else "plain",
)
def test_colours_stay(
    name: str,
    options: dict[str, Any],
    space: str | None,
    color_range: str,
    tmp_path: Path,
    decoded: Read,
    video_stream: Read,
) -> None:
    source = make_clip(tmp_path / name, frames=4, **options)
    target, _ = processed(source)
    stream = video_stream(target)
    assert stream["color_range"] == color_range
    if space:
        assert stream["color_space"] == space
    before, after = decoded(source, 160, 120).astype(int), decoded(target, 160, 120).astype(int)
    for rows, columns in [
        (slice(4, 20), slice(4, 150)),
        (slice(36, 54), slice(14, 28)),
        (slice(94, 116), slice(130, 156)),
    ]:
        wanted = before[:, rows, columns].mean(axis=(0, 1, 2))
        assert after[:, rows, columns].mean(axis=(0, 1, 2)) == pytest.approx(wanted, abs=5)


# Sound


@pytest.mark.parametrize(
    ("name", "options", "codec"),
    [
        ("a.mp4", {"sound": "aac"}, "aac"),
        ("a.mp4", {"sound": "libmp3lame"}, "mp3"),
        ("a.mp4", {"sound": "libopus"}, "opus"),
        ("a.webm", {"sound": "libopus", "codec": "libvpx"}, "opus"),
        ("a.ts", {"sound": "aac"}, "aac"),
        ("a.mov", {"sound": "pcm_s16le"}, "aac"),
        ("a.mkv", {"sound": "flac", "sound_rate": 96_000}, "aac"),
        ("a.mkv", {"sound": "ac3", "layout": "5.1"}, "aac"),
        ("a.mp4", {"sound": "aac", "layout": "5.1"}, "aac"),
        ("a.mov", {"sound": "pcm_s16le", "layout": "mono"}, "aac"),
        ("a.mp4", {"sound": "aac", "sound_from_s": 0.3}, "aac"),
        ("a.mov", {"sound": "pcm_s16le", "sound_from_s": 0.3}, "aac"),
        ("a.mkv", {"sound": "flac", "sound_from_s": 0.3}, "aac"),
        ("a.mp4", {"sound": "aac", "sound_s": 3}, "aac"),
        ("a.mov", {"sound": "pcm_s16le", "sound_s": 0.7}, "aac"),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(map(str, value.values())),
)
def test_sound_stays(
    name: str, options: dict[str, Any], codec: str, tmp_path: Path, audio_stream: Read, heard: Read
) -> None:
    source = make_clip(tmp_path / name, **options)
    target, last = processed(source)
    assert audio_stream(target)["codec_name"] == codec
    assert not last.cut_off
    before, after = heard(source), heard(target)
    assert len(after) / 48_000 == pytest.approx(len(before) / 48_000, abs=0.06)
    onset_s = float(np.argmax(np.abs(after) > 0.1)) / 48_000
    assert onset_s == pytest.approx(float(np.argmax(np.abs(before) > 0.1)) / 48_000, abs=0.01)
    assert onset_s == pytest.approx(ONSET_S + options.get("sound_from_s", 0), abs=0.03)


def test_vorbis_is_recoded(tmp_path: Path, audio_stream: Read, heard: Read) -> None:
    wav = make_clip(tmp_path / "pcm.mkv", sound="pcm_s16le")
    source = tmp_path / "a.mkv"
    command = ["ffmpeg", "-v", "error", "-i", wav, "-c:v", "copy", "-c:a", "libvorbis", source]
    heard(wav)  # skips this test where there is no ffmpeg
    subprocess.run(command, check=True)
    target, _ = processed(source)
    assert audio_stream(target)["codec_name"] == "aac"
    assert len(heard(target)) == pytest.approx(len(heard(source)), abs=3000)


def test_copied_sound_is_the_same_to_the_byte(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", sound="aac")
    target, _ = processed(source)
    packets = []
    for path in (source, target):
        with av.open(path) as container:
            packets.append([bytes(packet) for packet in container.demux(audio=0) if packet.size])
    assert packets[0] == packets[1]


def test_no_sound_stays_no_sound(tmp_path: Path, ffprobe: Read) -> None:
    target, _ = processed(make_clip(tmp_path / "a.mp4"))
    assert [stream["codec_type"] for stream in ffprobe(target, "-show_streams")["streams"]] == ["video"]


# Mask and measures


def test_the_mask_is_a_clip_of_its_own(tmp_path: Path, decoded: Read, ffprobe: Read, times: Read) -> None:
    mask = tmp_path / "mask.mp4"
    target, _ = processed(make_clip(tmp_path / "a.mp4", sound="aac"), TINT, mask=mask)
    assert [stream["codec_type"] for stream in ffprobe(mask, "-show_streams")["streams"]] == ["video"]
    assert times(mask) == times(target)
    for number, picture in enumerate(decoded(mask, 160, 120)):
        wanted = np.zeros((120, 160), bool)
        wanted[30:60, 4 + 2 * number : 34 + 2 * number] = True
        assert ((picture[..., 1] > 127) == wanted).mean() > 0.99


def test_the_measures_are_a_line_a_frame(tmp_path: Path, times: Read) -> None:
    table = tmp_path / "measures.csv"
    source = make_clip(tmp_path / "a.mp4", times=_VARYING, time_base=Fraction(1, 1000))
    target, _ = processed(source, TINT, measures=table)
    header, *rows = list(csv.reader(table.open(newline="", encoding="utf-8")))
    assert header == ["time_s", "red_percent"]
    assert [float(row[0]) for row in rows] == pytest.approx(times(target), abs=0.001)
    assert [float(row[1]) for row in rows] == pytest.approx([100 * 900 / 19200] * len(rows), abs=0.5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "measures.csv", "result.mp4"]


COUNTED = Recipe(title="Count", segmenter=ObjectsOptions(source=REDS), overlay=NumberedObjects())


def test_objects_are_counted_for_each_picture_and_listed(tmp_path: Path, times: Read) -> None:
    source = make_clip(tmp_path / "a.mp4", times=_VARYING, time_base=Fraction(1, 1000))
    measures, table = tmp_path / "measures.csv", tmp_path / "objects.csv"
    target, last = processed(source, COUNTED, measures=measures, objects=table)
    header, *rows = list(csv.reader(measures.open(newline="", encoding="utf-8")))
    assert header == ["time_s", "red_percent", "objects"]
    assert [row[2] for row in rows] == ["1"] * 7
    listed = list(csv.DictReader(table.open(newline="", encoding="utf-8")))
    assert [float(row["time_s"]) for row in listed] == pytest.approx(times(target), abs=0.001)
    assert {(row["number"], row["label"]) for row in listed} == {("1", "red")}
    for number, row in enumerate(listed):
        place = [int(row[f"{name}_px"]) for name in ("left", "top", "width", "height")]
        assert place == pytest.approx([4 + 2 * number, 30, 30, 30], abs=2)
        assert int(row["area_px"]) == pytest.approx(900, abs=60)
        center = [float(row[f"center_{axis}_px"]) for axis in "xy"]
        assert center == pytest.approx([18.5 + 2 * number, 44.5], abs=1)
    assert last.measures.objects[0].area_px == int(listed[-1]["area_px"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "measures.csv", "objects.csv", "result.mp4"]


def test_no_list_of_objects_where_the_recipe_does_not_tell_them_apart(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    with refused("does not tell objects apart"):
        processed(source, TINT, objects=tmp_path / "objects.csv")
    assert_nothing_left(source)


# Ended early


@pytest.mark.parametrize("steps", [0, 1, 2, 9, 24])
def test_cancel_leaves_nothing(steps: int, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", sound="aac")
    names = {"result": "b.mp4", "mask": "m.mp4", "measures": "f.csv", "objects": "o.csv"}
    job = iterate_clip(source, outputs(**{name: tmp_path / file for name, file in names.items()}), COUNTED)
    for _ in itertools.islice(job, steps):
        pass
    job.close()
    assert_nothing_left(source)


class Failing(Output):
    """Fails at its third frame, or at its end."""

    name = "failing"
    ending = ".txt"

    def __init__(self, path: Path, at: str) -> None:
        super().__init__(path)
        self._at = at
        self._added = 0

    def open(self, stream: StreamFormat) -> None:  # noqa: ARG002
        self.begin_file()

    def add(self, frame: ClipFrame, result: Result) -> None:  # noqa: ARG002
        self._added += 1
        if self._at == "add" and self._added == 3:
            raise ZeroDivisionError("in an output")

    def finish(self) -> None:
        if self._at == "finish":
            raise ZeroDivisionError("in an output")


@pytest.mark.parametrize("at", ["add", "finish"])
def test_an_output_that_fails_stops_all_and_none_gets_its_name(at: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", sound="aac")
    wanted = outputs(result=tmp_path / "b.mp4", measures=tmp_path / "f.csv")
    with pytest.raises(ZeroDivisionError, match="in an output"):
        process_clip(source, [wanted[0], Failing(tmp_path / "c.txt", at), wanted[1]], TINT)
    assert_nothing_left(source)


def test_the_sound_can_go_to_one_file_only(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", sound="aac")
    with refused("Only one"):
        process_clip(source, [ResultVideo(tmp_path / "b.mp4"), ResultVideo(tmp_path / "c.mp4")], TINT)
    assert_nothing_left(source)


def test_a_plain_call_runs_to_the_end(tmp_path: Path, times: Read) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=10)
    summary = process_clip(source, tmp_path / "b.mp4", TINT)
    assert (summary.frames, summary.cut_off, len(times(tmp_path / "b.mp4"))) == (10, False, 10)
    assert summary.elapsed_s > 0


def test_closing_after_the_end_keeps_the_files(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    job = iterate_clip(source, tmp_path / "b.mp4", TINT)
    while not (tmp_path / "b.mp4").exists():
        next(job)
    job.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


class Breaking(Overlay):
    """Fails at its fifth picture."""

    title: ClassVar[str] = "Breaking"
    hides_raw: ClassVar[bool] = False
    kind: Literal["breaking"] = "breaking"
    drawn: ClassVar[list[int]] = []

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        self.drawn.append(len(segmentation.labels))
        if len(self.drawn) == 5:
            raise ZeroDivisionError("five")
        return canvas


def test_an_error_in_an_overlay_comes_through_and_leaves_nothing(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", sound="aac")
    Breaking.drawn.clear()
    recipe = TINT.model_copy(update={"overlay": Breaking()})
    with pytest.raises(ZeroDivisionError, match="five"):
        process_clip(source, tmp_path / "b.mp4", recipe)
    assert_nothing_left(source)


_FULL_DISK = """
import resource, sys, threading
from pathlib import Path
from segcore.errors import SegdeckError
from segcore.video import process_clip
from tests.video.conftest import TINT, outputs
source, folder = Path(sys.argv[1]), Path(sys.argv[1]).parent
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    process_clip(source, outputs(result=folder / "b.mp4", mask=folder / "m.mp4", measures=folder / "f.csv"), TINT)
except SegdeckError as error:
    print(error, [t.name for t in threading.enumerate()], sorted(p.name for p in folder.iterdir()))
"""


@pytest.mark.parametrize("limit", [0, 4_000, 12_000])
def test_a_full_disk_is_told_and_leaves_nothing(limit: int, tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    source = make_clip(tmp_path / "a.mkv", codec="mjpeg", pix_fmt="yuvj420p", frames=40, sound="pcm_s16le")
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, source, str(limit)], capture_output=True, text=True, timeout=60, check=False
    )
    wanted = "The result could not be written: File too large. ['MainThread'] ['a.mkv']\n"
    assert (done.stdout, done.stderr) == (wanted, "")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"result": "b.avi"}, "does not end in .mp4"),
        ({"result": "b.mp4", "mask": "m.png"}, "does not end in .mp4"),
        ({"result": "no/b.mp4"}, "no folder"),
        ({"result": "b.mp4", "measures": "no/f.csv"}, "no folder"),
        ({"result": "b.mp4", "objects": "no/o.csv"}, "no folder"),
        ({"result": "b.mp4", "measures": "f.csv", "objects": "f.csv"}, "a name of its own"),
        ({"result": "b.mp4", "mask": "b.mp4"}, "a name of its own"),
        ({"result": "a.mp4"}, "not that of the video"),
    ],
)
def test_a_target_that_can_not_be_is_refused_at_once(names: dict[str, str], words: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    before = source.read_bytes()
    with pytest.raises(SegdeckError, match=words):
        next(iterate_clip(source, outputs(**{name: tmp_path / value for name, value in names.items()}), TINT))
    assert_nothing_left(source)
    assert source.read_bytes() == before


def test_a_folder_in_the_way_is_left_alone(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").mkdir()
    with pytest.raises(SegdeckError, match="is a folder"):
        next(iterate_clip(source, tmp_path / "b.mp4", TINT))


# Bad input


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {"container_options": {"movflags": "+faststart"}, "sound": "aac"}),
        ("a.mkv", {"sound": "pcm_s16le"}),
        ("a.mkv", {}),
        ("a.webm", {"codec": "libvpx", "sound": "libopus"}),
        ("a.avi", {"codec": "mpeg4", "sound": "libmp3lame"}),
    ],
    ids=["mp4", "mkv", "mkv, no sound", "webm", "avi"],
)
def test_a_clip_that_is_cut_off_gives_what_it_holds(
    name: str, options: dict[str, Any], tmp_path: Path, times: Read
) -> None:
    source = make_clip(tmp_path / name, frames=40, **options)
    content = source.read_bytes()
    source.write_bytes(content[: len(content) // 2])
    target, last = processed(source)
    assert last.cut_off
    assert 8 <= last.frames_done <= 32
    assert len(times(target)) == last.frames_done


def test_a_damaged_picture_costs_only_itself(tmp_path: Path, times: Read) -> None:
    source = make_clip(tmp_path / "a.mkv", codec="mjpeg", pix_fmt="yuvj420p", full_range=True)
    target, last = processed(damage(source, [7]))
    assert last.cut_off
    assert times(target) == pytest.approx([n * 0.04 for n in range(24) if n != 7], abs=0.001)


_DISORDER = {
    "joined": lambda content: content * 2,
    "doubled in the middle": lambda content: content[: len(content) // 2] + content[len(content) // 4 :],
    "packets lost": lambda content: content[: len(content) // 3] + content[len(content) // 3 + 188 * 7 + 5 :],
    "packets moved": lambda content: content[: 188 * 60] + content[188 * 90 :] + content[188 * 60 : 188 * 90],
    "cut off": lambda content: content[: len(content) // 2],
}
_SOUNDS = pytest.mark.parametrize(
    ("codec", "sound"), [("libx264", "aac"), ("mpeg2video", "mp2"), ("libx264", "libmp3lame")]
)


@_SOUNDS
@pytest.mark.parametrize("disorder", _DISORDER)
def test_a_transport_stream_in_disorder_gives_what_it_holds(
    codec: str, sound: str, disorder: str, tmp_path: Path, times: Read
) -> None:
    source = make_clip(tmp_path / "a.ts", frames=50, codec=codec, sound=sound)
    source.write_bytes(_DISORDER[disorder](source.read_bytes()))
    target, last = processed(source)
    assert len(times(target)) == last.frames_done >= 12
    assert (np.diff(times(target)) > 0).all()


def _outcome(source: Path) -> str:
    try:
        processed(source)
    except SegdeckError as refusal:
        return str(refusal)
    return ""


@_SOUNDS
def test_a_damaged_transport_stream_is_never_called_one_that_can_not_be_written(
    codec: str, sound: str, tmp_path: Path
) -> None:
    source = make_clip(tmp_path / "a.ts", frames=50, codec=codec, sound=sound)
    content = np.frombuffer(source.read_bytes(), np.uint8)
    outcomes = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        damaged = content.copy()
        damaged[random.integers(0, len(content), 40)] = random.integers(0, 256, 40)
        source.write_bytes(damaged.tobytes())
        outcomes.append(_outcome(source))
    assert [outcome for outcome in outcomes if "written" in outcome] == []
    assert "" in outcomes


@pytest.mark.parametrize(
    "options",
    [
        {"times": [0, 2000, 2040, 9000], "time_base": Fraction(1, 1000)},
        {"sound": "aac", "sound_s": 4},
        {"sound": "pcm_s16le", "sound_s": 0.2},
        {"frames": 1},
        {"frames": 2},
    ],
    ids=["slides", "long sound", "short sound", "one frame", "two frames"],
)
@pytest.mark.parametrize("ending", ["mkv", "mov"])
def test_a_whole_clip_is_not_called_cut_off(options: dict[str, Any], ending: str, tmp_path: Path) -> None:
    _, last = processed(make_clip(tmp_path / f"a.{ending}", **options))
    assert not last.cut_off


def _with_length(path: Path, length_s: float) -> Path:
    """Change the length that a Matroska file states."""
    content = path.read_bytes()
    place = content.index(b"\x44\x89\x88") + 3
    path.write_bytes(content[:place] + np.array(length_s * 1000, ">f8").tobytes() + content[place + 8 :])
    return path


@pytest.mark.parametrize(("stated_s", "cut_off"), [(0.1, False), (500, True)])
def test_a_length_that_is_not_true_does_no_harm(stated_s: float, cut_off: bool, tmp_path: Path) -> None:
    _, last = processed(_with_length(make_clip(tmp_path / "a.mkv"), stated_s))
    assert (last.frames_done, last.frames_expected, last.cut_off) == (24, 24, cut_off)


def test_the_limit_on_length_holds_whatever_the_header_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _with_length(make_clip(tmp_path / "a.mkv"), 0.1)
    monkeypatch.setenv("SEGDECK_MAX_LENGTH_S", "0.5")
    settings.cache_clear()
    try:
        with pytest.raises(SegdeckError, match=r"the longest accepted is 0\.5 s"):
            process_clip(source, tmp_path / "b.mp4", TINT)
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert_nothing_left(source)


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("WIDTH", "HEIGHT"):
        monkeypatch.setenv(f"SEGDECK_MAX_{name}_PX", "256")
    monkeypatch.setenv("SEGDECK_MAX_FRAMES", "30")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize("larger", [(300, 90), (90, 300), (1024, 1024), (2000, 1500), (16, 8)])
@pytest.mark.parametrize(("name", "codec"), [("a.webm", "libvpx"), ("a.mkv", "mjpeg"), ("a.avi", "mjpeg")])
@pytest.mark.usefixtures("small_limits")
def test_limits_on_size_hold_for_every_picture(name: str, codec: str, larger: tuple[int, int], tmp_path: Path) -> None:
    source = join_clip(tmp_path / name, [(160, 90, 5), (*larger, 2), (160, 90, 3)], codec)
    with pytest.raises(SegdeckError, match=r"the largest accepted is 256x256|the smallest accepted is 16x16"):
        process_clip(source, tmp_path / "b.mp4", TINT)
    assert_nothing_left(source)


@pytest.mark.usefixtures("small_limits")
def test_the_limit_on_frames_holds_whatever_the_header_says(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mkv", frames=40)
    info = VideoInfo(0, 160, 120, turned=False, length_s=1, rate_fps=25, frames=24, sound="")
    with refused("too many frames; at most 30"):
        process_clip(source, tmp_path / "b.mp4", TINT, info=info)
    assert_nothing_left(source)


def test_a_cut_out_shows_nothing_else(tmp_path: Path, decoded: Read) -> None:
    recipe = Recipe(title="Cut", segmenter=REDS, overlay=CutOut(color="#000000"))
    target, _ = processed(make_clip(tmp_path / "a.mp4"), recipe)
    assert decoded(target, 160, 120)[:, 70:].max() < 20
