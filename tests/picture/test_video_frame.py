from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import BT601, BT709, YuvMatrix, matrix_of
from segcore.picture.video_frame import canvas_of_frame
from tests.clips import make_clip, picture

BT2020 = YuvMatrix("BT2020", 0.2627, 0.0593)
_TAGS = {"ITU709": 1, "ITU601": 6, "BT2020": 9}


def noise(height: int, width: int) -> np.ndarray:
    """Return a picture of all colours that chroma at half size can hold, (height, width, 3)."""
    rng = np.random.default_rng(7)
    small = rng.integers(0, 256, ((height + 7) // 8, (width + 7) // 8, 3), np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)


@pytest.mark.parametrize("height", [120, 122, 124, 126, 2, 4])
@pytest.mark.parametrize("width", [160, 162, 2])
def test_a_canvas_becomes_a_frame_and_comes_back(height: int, width: int) -> None:
    buffer = np.random.default_rng(1).integers(0, 256, (height * 3 // 2, width), np.uint8)
    canvas = Canvas.sharing_i420(buffer, BT709)
    frame = canvas.to_video_frame()
    assert (frame.width, frame.height, frame.format.name) == (width, height, "yuv420p")
    back = canvas_of_frame(frame, BT709)
    for before, after in zip(canvas.planes, back.planes, strict=True):
        np.testing.assert_array_equal(after, before)
    assert not np.shares_memory(back.buffer, canvas.buffer)


@pytest.mark.parametrize("matrix", [BT601, BT709, BT2020], ids=lambda matrix: matrix.name)
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv444p10le", "nv12", "rgb24"])
def test_a_frame_s_colours_come_through(matrix: YuvMatrix, full_range: bool, pix_fmt: str) -> None:
    matrix = YuvMatrix(matrix.name, matrix.kr, matrix.kb, full_range)
    image = noise(64, 96)
    frame = av.VideoFrame.from_ndarray(image, format="bgr24")
    if pix_fmt == "rgb24":
        frame, matrix = frame.reformat(format=pix_fmt), BT601
    else:
        frame = frame.reformat(format=pix_fmt, dst_colorspace=matrix.name, dst_color_range=matrix.range_name)
        frame.colorspace, frame.color_range = _TAGS[matrix.name], 2 if full_range else 1
    canvas = canvas_of_frame(frame)
    assert canvas.matrix == matrix
    for row, column in [(4, 4), (20, 36), (36, 68), (52, 92)]:  # a block's middle: chroma there is of one colour
        wanted = matrix.to_yuv(tuple(int(value) for value in image[row, column]))
        found = (canvas.planes[0][row, column], *(plane[row // 2, column // 2] for plane in canvas.planes[1:]))
        assert [int(value) for value in found] == pytest.approx(list(wanted), abs=2)


def test_the_planes_of_a_plain_frame_are_copied_as_they_are() -> None:
    frame = av.VideoFrame.from_ndarray(noise(64, 90), format="bgr24").reformat(format="yuv420p")
    canvas = canvas_of_frame(frame)
    padded = frame.planes[0].line_size
    assert padded > 90, "this frame's rows must have padding for the test to mean something"
    wanted = np.frombuffer(bytes(frame.planes[0]), np.uint8).reshape(-1, padded)[:64, :90]
    np.testing.assert_array_equal(canvas.planes[0], wanted)
    canvas.buffer[...] = 0
    assert bytes(frame.planes[0])[:90] == wanted[0].tobytes(), "the frame must be left as it is"


def test_odd_sides_repeat_the_last_pixels() -> None:
    frame = av.VideoFrame(5, 3, "yuv444p")
    for number, plane in enumerate(frame.planes):
        rows = np.zeros((3, plane.line_size), np.uint8)
        rows[:, :5] = np.arange(15).reshape(3, 5) + 20 * number
        plane.update(rows.tobytes())
    canvas = canvas_of_frame(frame)
    luma = [[0, 1, 2, 3, 4, 4], [5, 6, 7, 8, 9, 9], [10, 11, 12, 13, 14, 14], [10, 11, 12, 13, 14, 14]]
    assert canvas.planes[0].tolist() == luma
    assert [plane.shape for plane in canvas.planes] == [(4, 6), (2, 3), (2, 3)]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p"])
def test_a_frame_is_turned_upright(degrees: int, pix_fmt: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", frames=1, rotation=degrees, codec="ffv1", pix_fmt=pix_fmt)
    with av.open(clip) as container:
        image = canvas_of_frame(next(container.decode(video=0))).bgr()
    wanted = np.rot90(picture(0), degrees // 90)  # a display matrix turns against the clock
    assert image.shape == wanted.shape
    assert np.abs(image.astype(int) - wanted).mean() < 4


def test_untagged_frames_are_taken_as_players_take_them() -> None:
    assert matrix_of(av.VideoFrame(1280, 720, "yuv420p")) == BT709
    assert matrix_of(av.VideoFrame(1280, 718, "yuv420p")) == BT601
    assert matrix_of(av.VideoFrame(1280, 720, "yuv420p"), untagged=BT601) == BT601
    assert matrix_of(av.VideoFrame(64, 48, "yuvj420p")).full_range


def test_a_tag_wins_over_what_is_assumed() -> None:
    frame = av.VideoFrame(64, 48, "yuv420p")
    frame.colorspace = 1
    assert matrix_of(frame, untagged=BT601) == BT709


def test_a_frame_of_a_canvas_has_no_time() -> None:
    frame = Canvas.converted_from(picture(0), BT601).to_video_frame()
    assert frame.pts is None
    frame.pts, frame.time_base = 5, Fraction(1, 90_000)
    assert Canvas.converted_from(picture(0), BT601).to_video_frame().pts is None
