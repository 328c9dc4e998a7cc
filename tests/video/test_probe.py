from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import pytest

from segcore.errors import SegdeckError
from segcore.picture.photo import write_png
from segcore.settings import settings
from segcore.video import probe
from tests.clips import damage, make_clip, make_sound, picture


def test_tells_what_is_in_a_clip(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "a.mp4", frames=30, rate=Fraction(30000, 1001), sound="aac"))
    assert (info.width_px, info.height_px, info.turned) == (160, 120, False)
    assert info.rate_fps == pytest.approx(30000 / 1001)
    assert info.length_s == pytest.approx(30 * 1001 / 30000, abs=0.03)
    assert (info.frames, info.sound) == (30, "aac")
    assert info.describe() == "160x120 pixels · 1 s · 30 frames per second · with sound"


def test_a_turned_clip_has_the_size_that_is_seen(tmp_path: Path) -> None:
    info = probe(make_clip(tmp_path / "a.mp4", rotation=90))
    assert (info.width_px, info.height_px, info.turned) == (120, 160, True)


def test_a_recording_that_states_no_length_is_measured(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.webm", codec="libvpx", sound="libopus", container_options={"live": "1"})
    with av.open(path) as container:
        assert container.duration is None
    info = probe(path)
    assert info.length_s == pytest.approx(0.96, abs=0.05)
    assert info.frames == pytest.approx(24, abs=1)


def test_sound_that_is_longer_counts(tmp_path: Path) -> None:
    assert probe(make_clip(tmp_path / "a.mp4", sound="aac", sound_s=3)).length_s == pytest.approx(3, abs=0.05)


def test_damaged_frames_at_the_start_are_passed_over(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", options={"g": "4", "bf": "0"})
    assert probe(damage(clip, range(2))).width_px == 160


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _without_frames(path: Path) -> Path:
    with av.open(path, "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        container.start_encoding()
    return path


def _unknown_codec(path: Path) -> Path:
    content = make_clip(path).read_bytes()
    assert b"V_MPEG4/ISO/AVC" in content
    return _written(path, content.replace(b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/AVX"))


def _first_half(path: Path) -> Path:
    content = make_clip(path).read_bytes()
    return _written(path, content[: len(content) // 2])


def _beside(folder: Path, text: str) -> Path:
    """Write a text, named as a clip, beside a clip that it tells of."""
    make_clip(folder / "clip.mkv")
    return _written(folder / "a.mp4", text.encode())


BAD = {
    "no video": (lambda d: _written(d / "a.mp4", b"a letter, not a video\n" * 1000), "not a video"),
    "a picture": (lambda d: _written(d / "a.mp4", b"\x89PNG\r\n\x1a\n" + bytes(1000)), "not|no"),
    "a whole picture": (lambda d: _written(d / "a.mp4", write_png(picture(0))), "a picture, not a video"),
    "a photo": (lambda d: _written(d / "a.jpg", cv2.imencode(".jpg", picture(0))[1].tobytes()), "a picture, not a vid"),
    "empty": (lambda d: _written(d / "a.mp4", b""), "not a video"),
    "index cut off": (lambda d: _first_half(d / "a.mp4"), "cut off"),
    "no frames, MP4": (lambda d: _without_frames(d / "a.mp4"), "no moving pictures"),
    "no frames, MKV": (lambda d: _without_frames(d / "a.mkv"), "not a video that can be read"),
    "every frame damaged": (lambda d: damage(make_clip(d / "a.mp4"), range(24)), "not one picture"),
    "sound only, MP3": (lambda d: make_sound(d / "a.mp3"), "sound but no pictures"),
    "sound only, MP4": (lambda d: make_sound(d / "a.mp4", "aac"), "sound but no pictures"),
    "MP3 with a cover": (lambda d: make_sound(d / "a.mp3", cover=True), "sound but no pictures"),
    "1x1": (lambda d: make_clip(d / "a.mkv", codec="ffv1", size=(1, 1)), "1x1 pixels; the smallest accepted is 16x16"),
    "8K": (
        lambda d: make_clip(d / "a.mkv", codec="mjpeg", pix_fmt="yuvj420p", size=(7680, 4320), frames=1),
        "7680x4320 pixels; the largest accepted is 3840x2160",
    ),
    "three hours": (
        lambda d: make_clip(d / "a.mp4", codec="mpeg4", times=range(0, 10900, 100), time_base=Fraction(1)),
        "3 h .* long; the longest accepted is 10 min",
    ),
    "unknown codec": (lambda d: _unknown_codec(d / "a.mkv"), "can't be read here"),
    "a folder": (lambda d: d, "no such file"),
    "a list of files": (lambda d: _beside(d, "ffconcat version 1.0\nfile 'clip.mkv'\n"), "not a video"),
    "a playlist": (
        lambda d: _beside(d, "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.mkv\n#EXT-X-ENDLIST\n"),
        "not a video",
    ),
    "a manifest": (
        lambda d: _beside(d, "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static'></MPD>"),
        "not a vid",
    ),
    "a session": (lambda d: _beside(d, "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n"), "not a video"),
    "subtitles": (lambda d: _beside(d, "1\n00:00:00,000 --> 00:00:01,000\nhello\n"), "not a video"),
    "raw H.264": (lambda d: make_clip(d / "a.h264"), "not a video"),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses_in_one_plain_sentence(name: str, tmp_path: Path) -> None:
    make, words = BAD[name]
    path = make(tmp_path)
    with pytest.raises(SegdeckError, match=words) as refusal:
        probe(path)
    assert "\n" not in str(refusal.value)
    assert path.name not in str(refusal.value)


def test_refuses_a_file_over_the_size_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGDECK_MAX_UPLOAD_MB", "1")
    settings.cache_clear()
    try:
        with pytest.raises(SegdeckError, match="the largest accepted is 1 MB"):
            probe(_written(tmp_path / "a.mp4", bytes(2_000_000)))
    finally:
        monkeypatch.undo()
        settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {"codec": "mjpeg", "pix_fmt": "yuvj420p", "rate": 90_000}),
        ("a.mkv", {"codec": "rawvideo", "rate": 1000}),
        ("a.webm", {"codec": "libvpx", "container_options": {"live": "1"}}),
        ("a.ts", {"codec": "mpeg2video"}),
        ("a.avi", {"codec": "mpeg4"}),
    ],
)
def test_refuses_a_great_many_frames_however_short_they_are(
    name: str, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGDECK_MAX_FRAMES", "100")
    settings.cache_clear()
    try:
        clip = make_clip(tmp_path / name, size=(16, 16), frames=130, **options)
        with pytest.raises(SegdeckError, match="too many frames; at most 100 are accepted"):
            probe(clip)
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_an_address_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("http://127.0.0.1:9/a.mp4", "concat:clip.mkv|clip.mkv", "pipe:0"):
        with pytest.raises(SegdeckError, match="no such file"):
            probe(Path(name))


@pytest.mark.parametrize("name", ["2024-05-01T12:30:45.mp4", "http:a.mp4", "concat:a.mp4", "a%03d.mp4", "-i.mp4"])
def test_a_file_may_have_any_name(name: str, tmp_path: Path) -> None:
    assert probe(make_clip(tmp_path / "a.mp4").rename(tmp_path / name)).frames == 24
