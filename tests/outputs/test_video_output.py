from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from segcore.outputs.mask_video import MaskVideo
from segcore.outputs.video_writer import VideoWriter
from segcore.picture.canvas import Canvas
from segcore.picture.clip_frame import ClipFrame
from segcore.picture.color_tags import BT601
from tests.clips import picture
from tests.outputs.test_contract import COUNTED, STREAM
from tests.plain import refused


@pytest.mark.parametrize(
    ("packed", "found"),
    [
        ({}, ("h264", "mov,mp4,m4a,3gp,3g2,mj2")),
        (
            {"codec": "libvpx-vp9", "codec_options": {}, "container": "webm", "container_options": {}},
            ("vp9", "matroska,webm"),
        ),
    ],
    ids=["by default", "WebM"],
)
def test_a_video_is_packed_as_its_format_says(packed: dict[str, Any], found: tuple[str, str], tmp_path: Path) -> None:
    canvas = Canvas.converted_from(picture(0), BT601)
    writer = VideoWriter(tmp_path / "a", replace(STREAM, **packed), canvas)
    for number in range(3):
        writer.write_frame(canvas, ClipFrame(canvas, 512 * number, 512, STREAM.time_base))
    writer.finish()
    with av.open(tmp_path / "a") as container:
        video = container.streams.video[0]
        assert (video.codec_context.codec.canonical_name, container.format.name) == found
        assert [round(frame.time, 3) for frame in container.decode(video)] == [0, 0.04, 0.08]


@pytest.mark.parametrize("name", ["a.avi", "a", "a.png"])
def test_a_path_of_another_kind_is_refused(name: str, tmp_path: Path) -> None:
    with refused("does not end in .mp4"):
        MaskVideo(tmp_path / name).check(COUNTED)
    MaskVideo(tmp_path / "A.MP4").check(COUNTED)
