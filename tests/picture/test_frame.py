import cv2
import numpy as np
import pytest

from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import BT601, BT709
from segcore.picture.frame import Frame
from tests.conftest import noise

SHIFT = (4, -2)


def textured(height=72, width=128):
    return cv2.GaussianBlur(noise(height, width), (0, 0), 2)


@pytest.mark.parametrize(
    "ask",
    [
        lambda frame: frame.bgr,
        lambda frame: frame.grey,
        lambda frame: frame.bgr_at(9, 16),
        lambda frame: frame.grey_at(9, 16),
        lambda frame: frame.in_space("hsv").base,
        lambda frame: frame.in_space("lab").base,
    ],
    ids=["bgr", "grey", "small", "small grey", "hsv", "lab"],
)
def test_it_is_computed_once(ask):
    frame = Frame(Canvas.converted_from(textured(), BT601))
    assert ask(frame) is ask(frame)


def test_colour_spaces_are_opencvs_also_in_part():
    image = noise(20, 30)
    frame = Frame.of_image(image)
    assert np.array_equal(frame.in_space("hsv"), cv2.cvtColor(image, cv2.COLOR_BGR2HSV))
    assert np.array_equal(frame.in_space("lab", slice(3, 9)), cv2.cvtColor(image, cv2.COLOR_BGR2LAB)[3:9])
    assert np.array_equal(frame.in_space("bgr", slice(3, 9)), image[3:9])


@pytest.mark.parametrize("matrix", [BT601, BT709], ids=["601", "709"])
def test_grey_of_planes_is_the_images_within_rounding(astronaut, matrix):
    planes = Frame(Canvas.converted_from(astronaut, matrix))
    difference = cv2.absdiff(planes.grey, cv2.cvtColor(planes.bgr, cv2.COLOR_BGR2GRAY))
    assert difference.mean() < 0.5
    assert np.percentile(difference, 99) <= 2


def test_flow_is_the_way_back_to_the_frame_before():
    first = textured()
    second = np.roll(first, SHIFT, axis=(1, 0))
    before = Frame.of_image(first)
    assert before.flow_at(72, 128) is None, "there was nothing before it"
    frame = Frame.of_image(second, before)
    flow = frame.flow_at(72, 128)
    middle = flow[20:-20, 20:-20].reshape(-1, 2)
    assert np.abs(np.median(middle, axis=0) + SHIFT).max() < 0.3
    assert frame.flow_at(72, 128) is flow
    smaller = frame.flow_at(36, 64)[10:-10, 10:-10].reshape(-1, 2)
    assert np.abs(np.median(smaller, axis=0) + np.array(SHIFT) / 2).max() < 0.3


def test_a_stream_keeps_no_more_than_two_frames():
    frames = [Frame.of_image(textured())]
    for _ in range(3):
        frames.append(Frame.of_image(textured(), frames[-1]))
    frames[-1].flow_at(72, 128)
    assert frames[-2].flow_at(72, 128) is None, "the one before it was let go"


def test_there_is_no_flow_from_a_frame_of_another_size():
    assert Frame.of_image(textured(), Frame.of_image(textured(36, 64))).flow_at(36, 64) is None
