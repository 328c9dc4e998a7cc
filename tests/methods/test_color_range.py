import cv2
import numpy as np
import pytest

from segcore.methods.color_range import CHANNELS, ColorRangeOptions, range_around
from segcore.recipe import parse_recipe
from segcore.segmentation import Label
from tests.conftest import noise
from tests.plain import refused
from tests.streams import Stream

CONVERSION = {"hsv": cv2.COLOR_BGR2HSV, "lab": cv2.COLOR_BGR2LAB}


def one(name="red", low=(170, 100, 100), high=(10, 255, 255), color="#ff0000"):
    return {"name": name, "low": low, "high": high, "color": color}


def label_map(image, *ranges, space="hsv"):
    return Stream(ColorRangeOptions(space=space, ranges=ranges)).segment(np.array(image, np.uint8)).label_map.tolist()


def plain_opencv(image, one, space):
    """The tutorial's way: convert, inRange; twice where the hue wraps."""
    converted = image if space == "bgr" else cv2.cvtColor(image, CONVERSION[space])
    low, high = np.array(one["low"]), np.array(one["high"])
    if low[0] <= high[0]:
        return cv2.inRange(converted, low, high) > 0
    to_the_end = cv2.inRange(converted, low, np.array([179, *high[1:]]))
    from_the_start = cv2.inRange(converted, np.array([0, *low[1:]]), high)
    return (to_the_end | from_the_start) > 0


def test_a_hue_wraps_through_red():
    rose, red, orange, green = (100, 0, 255), (0, 0, 255), (0, 60, 255), (0, 255, 0)
    assert label_map([[rose, red, orange, green]], one(low=(165, 100, 100))) == [[1, 1, 1, 0]]


def test_both_ends_of_a_range_are_inside():
    picture = [[(9, 5, 5), (10, 5, 5), (20, 5, 5), (21, 5, 5)]]
    assert label_map(picture, one(low=(10, 5, 5), high=(20, 5, 5)), space="bgr") == [[0, 1, 1, 0]]


def test_a_hue_from_just_above_its_high_end_is_the_whole_circle():
    picture = cv2.cvtColor(np.array([[(hue, 255, 255) for hue in range(180)]], np.uint8), cv2.COLOR_HSV2BGR)
    assert label_map(picture, one(low=(91, 0, 0), high=(90, 255, 255))) == [[1] * 180]


def test_the_first_listed_range_wins():
    dark, bright = one("dark", (0, 0, 0), (255, 255, 120)), one("bright", (0, 0, 80), (255, 255, 255))
    picture = [[(0, 0, 50), (0, 0, 100), (0, 0, 200)]]
    assert label_map(picture, dark, bright, space="bgr") == [[1, 1, 2]]
    assert label_map(picture, bright, dark, space="bgr") == [[2, 1, 1]]


def test_labels_carry_name_and_color():
    options = ColorRangeOptions(ranges=[one("sky", color="#0000FF"), one("sun", color="#ffcc00")])
    assert Stream(options).segment(noise(3, 3)).labels == (Label("sky", (255, 0, 0)), Label("sun", (0, 204, 255)))


@pytest.mark.parametrize("space", CHANNELS)
@pytest.mark.parametrize("count", [1, 2, 20])
def test_it_agrees_with_plain_opencv_to_the_pixel(space, count):
    random, image = np.random.default_rng(count), noise(61, 47, count)
    highest = [channel.highest for channel in CHANNELS[space]]
    ranges = []
    for number in range(count):
        low, high = np.sort(random.integers(0, np.array(highest) + 1, (2, 3)), axis=0).tolist()
        if space == "hsv" and number % 2:
            low[0], high[0] = high[0], low[0]
        ranges.append(one(f"range {number}", low, high))
    expected = np.zeros(image.shape[:2], int)
    for value in range(count, 0, -1):
        expected[plain_opencv(image, ranges[value - 1], space)] = value
    assert label_map(image, *ranges, space=space) == expected.tolist()


def test_pictures_of_one_stream_may_change_their_size():
    segmenter = Stream(ColorRangeOptions(ranges=[one(low=(0, 0, 0), high=(179, 255, 255))]))
    for height, width in ((4, 6), (6, 4), (1, 1)):
        assert segmenter.segment(noise(height, width)).label_map.tolist() == [[1] * width] * height


def test_an_earlier_answer_stays_as_it_was():
    segmenter = Stream(ColorRangeOptions(space="bgr", ranges=[one(low=(9, 9, 9), high=(9, 9, 9))]))
    first = segmenter.segment(np.full((2, 2, 3), 9, np.uint8))
    segmenter.segment(np.zeros((2, 2, 3), np.uint8))
    assert first.label_map.tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize(
    ("ranges", "space", "parts"),
    [
        ('[{name="a",low=[180,0,0],high=[9,9,9]}]', "hsv", ("segmenter.ranges.0.low.0", "180", "0 to 179", "hue")),
        ('[{name="a",low=[0,0,0],high=[9,256,9]}]', "hsv", ("segmenter.ranges.0.high.1", "256", "0 to 255")),
        ('[{name="a",low=[0,-1,0],high=[9,9,9]}]', "lab", ("segmenter.ranges.0.low.1", "-1", "green to red")),
        ('[{name="a",low=[0,0,9],high=[9,9,8]}]', "hsv", ("segmenter.ranges.0.low.2", "9", "brightness", "8")),
        ('[{name="a",low=[8,0,0],high=[7,9,9]}]', "bgr", ("segmenter.ranges.0.low.0", "8", "blue", "7")),
        ('[{name="a",low=[0,0],high=[7,9,9]}]', "bgr", ("segmenter.ranges.0.low.2", "missing")),
        ('[{name="a",low=[0,0,0,0],high=[7,9,9]}]', "bgr", ("segmenter.ranges.0.low", "at most 3")),
        ('[{name="a",low=[0,"x",0],high=[7,9,9]}]', "bgr", ("segmenter.ranges.0.low.1", "'x'", "whole number")),
        ('[{name="",low=[0,0,0],high=[7,9,9]}]', "bgr", ("segmenter.ranges.0.name", "empty")),
        ('[{name="a",color="red",low=[0,0,0],high=[7,9,9]}]', "bgr", ("ranges.0.color", "'red'", "#ff3b30")),
        ("[]", "bgr", ("segmenter.ranges", "at least 1")),
        ("3", "bgr", ("segmenter.ranges", "3", "list")),
        ('[{name="a",low=[0,0,0],high=[7,9,9]}]', "rgb", ("segmenter.space", "'rgb'", "'hsv', 'bgr' or 'lab'")),
    ],
)
def test_a_wrong_value_is_named_with_its_field_and_what_is_allowed(ranges, space, parts):
    with refused(*parts):
        parse_recipe(
            f'title="x"\n[segmenter]\nmethod="color_range"\nspace="{space}"\nranges={ranges}\n[overlay]\nkind="mask"'
        )


def test_two_ranges_of_one_name_are_refused():
    text = '{name="sky",low=[0,0,0],high=[7,9,9]}'
    with refused("segmenter.ranges.1.name", "'sky'", "name of its own"):
        parse_recipe(f'title="x"\nsegmenter={{method="color_range",ranges=[{text},{text}]}}\noverlay={{kind="mask"}}')


@pytest.mark.parametrize("space", CHANNELS)
@pytest.mark.parametrize("color", ["#ff0000", "#ff3b30", "#000000", "#ffffff", "#1080f0"])
def test_a_range_around_a_color_holds_it(space, color):
    blue, green, red = bytes.fromhex(color[1:])[::-1]
    for tolerance in (0, 40, 127):
        around = range_around("it", color, tolerance, space)
        assert label_map([[(blue, green, red)]], around.model_dump(), space=space) == [[1]]


def test_a_range_around_red_wraps():
    around = range_around("red", "#ff0000", 40)
    assert (around.low, around.high) == ((170, 215, 215), (10, 255, 255))
