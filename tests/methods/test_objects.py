import cv2
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from segcore.methods import METHODS
from segcore.methods.color_range import ColorRange, ColorRangeOptions
from segcore.methods.objects import ObjectsOptions, ObjectsSegmenter
from segcore.methods.threshold import ThresholdOptions
from segcore.objects.measures import measure
from segcore.picture.frame import Frame
from segcore.recipe import parse_recipe
from segcore.segmentation import Label, Segmentation
from tests.conftest import noise
from tests.plain import refused
from tests.streams import Stream

BRIGHT = ThresholdOptions(kind="fixed", cuts=(127,))
RED_AND_BLUE = ColorRangeOptions(
    space="bgr",
    ranges=(
        ColorRange(name="red", low=(0, 0, 128), high=(127, 255, 255)),
        ColorRange(name="blue", low=(128, 0, 0), high=(255, 255, 127)),
    ),
)
RED, BLUE, WHITE = (0, 0, 255), (255, 0, 0), (255, 255, 255)


def discs(*circles, height=180, width=320):
    """Draw discs, (x, y, radius) or (x, y, radius, colour), on black."""
    image = np.zeros((height, width, 3), np.uint8)
    for x, y, radius, *color in circles:
        cv2.circle(image, (round(x), round(y)), radius, *(color or [WHITE]), -1)
    return image


def objects(image, source=BRIGHT, **options):
    return Stream(ObjectsOptions(source=source, **options)).segment(image)


def number_at(segmentation, x, y):
    return int(segmentation.instances[round(y), round(x)])


class Given:
    """A segmenter that answers with what it is given."""

    def __init__(self, answer):
        self.answer = answer

    def segment(self, frame):  # noqa: ARG002
        return self.answer


def numbered(answer, **options):
    """Number the objects of a segmentation that is there already."""
    method = ObjectsOptions(source=BRIGHT, **options)
    found = ObjectsSegmenter(method, Given(answer)).segment(Frame.of_image(noise(*answer.label_map.shape)))
    return method.build_numberer().number(found)


# One picture


def test_one_disc_is_one_object_and_two_that_touch_are_two():
    found = objects(discs((80, 90, 30), (200, 90, 30), (255, 90, 28)))
    assert sorted(np.unique(found.instances)) == [0, 1, 2, 3]
    assert len({number_at(found, x, 90) for x in (80, 200, 255)}) == 3


def test_new_objects_are_numbered_from_the_top_left():
    found = objects(discs((250, 40, 12), (40, 44, 12), (160, 150, 20)))
    assert [number_at(found, *at) for at in ((250, 40), (40, 44), (160, 150))] == [1, 2, 3]
    level = objects(discs((250, 40, 12), (40, 40, 12)))
    assert [number_at(level, *at) for at in ((40, 40), (250, 40))] == [1, 2]


@pytest.mark.parametrize(("height", "width"), [(180, 320), (720, 1280), (1081, 1927)])
def test_the_edges_of_the_mask_are_kept_to_the_pixel(height, width):
    scale = height / 180
    circles = [(x * scale, y * scale, round(r * scale)) for x, y, r in ((80, 90, 30), (200, 90, 30), (255, 90, 28))]
    image = discs(*circles, height=height, width=width)
    cv2.line(image, (5, 5), (width - 9, 20), WHITE, 1)
    found = objects(image, smallest_percent=0.01)
    assert np.array_equal(found.label_map, image[..., 0] // 255)
    assert np.array_equal(found.instances > 0, image[..., 0] > 0)


def test_what_is_too_small_is_background():
    image = discs((80, 90, 30), (200, 90, 5))
    share = 100 * np.count_nonzero(image[80:100, 190:210, 0]) / (180 * 320)
    assert number_at(objects(image, smallest_percent=share - 0.01), 200, 90) == 2
    found = objects(image, smallest_percent=share + 0.01)
    assert number_at(found, 200, 90) == 0
    assert np.array_equal(found.label_map > 0, discs((80, 90, 30))[..., 0] > 0)


def test_what_is_too_small_leaves_no_soft_edge():
    label_map = discs((80, 90, 30), (200, 90, 4))[..., 0] // 255
    confidence = cv2.blur(label_map * np.uint8(255), (5, 5))[None]
    found = numbered(Segmentation(label_map, (Label("thing", RED),), confidence), smallest_percent=0.5)
    assert not found.confidence[0, :, 160:].any()
    assert np.array_equal(found.confidence[0, :, :160], confidence[0, :, :160])
    assert confidence[0, 90, 200] == 255, "what the source gave is left as it was"


def test_things_of_two_labels_are_two_objects_however_they_touch():
    image = np.zeros((60, 120, 3), np.uint8)
    image[20:40, 20:60] = RED
    image[20:40, 60:100] = BLUE
    found = objects(image, RED_AND_BLUE)
    assert [(one.label, one.area_px, one.box_px) for one in measure(found).objects] == [
        ("red", 800, (20, 20, 40, 20)),
        ("blue", 800, (60, 20, 40, 20)),
    ]
    assert np.array_equal(found.label_map, Stream(RED_AND_BLUE).segment(image).label_map)


def test_labels_and_note_are_the_sources():
    answer = Segmentation(np.ones((20, 20), np.uint8), (Label("walker", BLUE),), note="Still learning.")
    found = numbered(answer)
    assert (found.labels, found.note) == (answer.labels, "Still learning.")


@pytest.mark.parametrize("source", [BRIGHT, RED_AND_BLUE], ids=["one label", "two labels"])
def test_an_empty_picture_has_no_objects(source):
    found = objects(np.zeros((30, 40, 3), np.uint8), source)
    assert not found.instances.any()
    assert found.instances.dtype == np.int32


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 99))
def test_every_pixel_that_is_left_has_a_number_and_lies_in_the_mask(height, width, seed):
    image = cv2.blur(noise(height, width, seed), (3, 3))
    before = Stream(RED_AND_BLUE).segment(image).label_map
    found = objects(image, RED_AND_BLUE, smallest_percent=1)
    assert np.array_equal(found.instances > 0, found.label_map > 0)
    assert np.array_equal(found.label_map[found.label_map > 0], before[found.label_map > 0])
    for one in measure(found).objects:
        assert one.area_px >= height * width / 100
        assert len(np.unique(found.label_map[found.instances == one.number])) == 1


# A clip


def test_objects_that_come_go_and_cross_keep_their_numbers():
    segmenter = Stream(ObjectsOptions(source=BRIGHT))
    seen = []
    for time in range(60):
        right, left = (20 + 5 * time, 60), (300 - 5 * time, 74)  # they overlap from about 26 to 30
        circles = [(*right, 16), (*left, 16), (160, 150, 14)]
        circles += [(60, 150, 10)] if 10 <= time < 30 else []
        circles += [(270, 150, 10)] if time >= 40 else []
        found = segmenter.segment(discs(*circles))
        apart = abs(right[0] - left[0]) > 34
        seen.append([number_at(found, *right) if apart else 0, number_at(found, *left) if apart else 0])
        assert number_at(found, 160, 150) == 3
        if 10 <= time < 30:
            assert number_at(found, 60, 150) == 4
        if time >= 40:
            assert number_at(found, 270, 150) == 5
    assert {tuple(pair) for pair in seen} == {(1, 2), (0, 0)}


def test_a_stream_that_changes_its_size_keeps_its_numbers():
    segmenter = Stream(ObjectsOptions(source=BRIGHT))
    image = discs((60, 90, 20), (200, 60, 20))
    first = segmenter.segment(image)
    large = segmenter.segment(cv2.resize(image, (1280, 720), interpolation=cv2.INTER_NEAREST))
    assert number_at(first, 60, 90) == number_at(large, 240, 360) == 2


def test_each_stream_counts_for_itself():
    options = ObjectsOptions(source=BRIGHT)
    Stream(options).segment(discs((60, 90, 20)))
    assert number_at(Stream(options).segment(discs((200, 90, 20))), 200, 90) == 1


# The source


def test_every_other_method_can_be_its_source_and_it_not_its_own():
    start = 'title="x"\n[overlay]\nkind="objects"\n[segmenter]\nmethod="objects"\n'
    for name in METHODS.keys() - {"objects", "color_range"}:
        recipe = parse_recipe(f'{start}[segmenter.source]\nmethod="{name}"')
        assert recipe.segmenter.source == METHODS[name]()  # type: ignore[attr-defined]
        assert parse_recipe(recipe.to_toml()) == recipe
    with refused("segmenter.source.method", "'objects' is not allowed", "color_range"):
        parse_recipe(f'{start}[segmenter.source]\nmethod="objects"')
    with refused("segmenter.source.levels", "9", "from 2 to 5"):
        parse_recipe(f'{start}[segmenter.source]\nmethod="threshold"\nlevels=9')
