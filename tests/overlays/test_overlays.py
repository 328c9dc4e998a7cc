import base64
import io

import cv2
import hypothesis.strategies as st
import numpy as np
import PIL.Image
import pytest
from hypothesis import given

from segcore.overlays import OVERLAYS
from segcore.overlays.background import background_names, background_picture, embed_picture
from segcore.overlays.blur import Blur
from segcore.overlays.color_pop import ColorPop
from segcore.overlays.cut_out import CutOut, cut_out_rgba
from segcore.overlays.mask import BareMask
from segcore.overlays.objects import NumberedObjects
from segcore.overlays.outline import Outline
from segcore.overlays.replace import Replace
from segcore.overlays.side_by_side import SideBySide
from segcore.overlays.tint import Tint
from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import BT601, BT709
from segcore.picture.photo import write_png
from segcore.segmentation import Label, Mask, Segmentation
from tests.conftest import noise

LABELS = tuple(Label(name, color) for name, color in (("cat", (0, 0, 255)), ("dog", (255, 0, 0)), ("cow", (0, 255, 0))))
FRACTIONS = st.floats(0, 1)
OVERLAY = st.one_of(
    st.builds(Tint, strength=FRACTIONS),
    st.builds(Outline, width_px=st.integers(1, 20)),
    st.builds(CutOut, color=st.from_regex("#[0-9a-fA-F]{6}", fullmatch=True)),
    st.builds(Blur, strength_percent=st.floats(1, 10)),
    st.builds(Replace, picture=st.sampled_from(background_names())),
    st.just(ColorPop()),
    st.just(BareMask()),
    st.builds(SideBySide, strength=FRACTIONS),
    st.builds(NumberedObjects, strength=FRACTIONS),
)
ONE_OF_EACH = [overlay() for overlay in OVERLAYS.values()]


def random_segmentation(height, width, labels, soft, seed):
    random = np.random.default_rng(seed)
    label_map = random.integers(0, labels + 1, (height, width), np.uint8)
    confidence = random.integers(0, 256, (labels, height, width), np.uint8) if soft else None
    instances = np.where(label_map, random.integers(1, 300, label_map.shape, np.int32), np.int32(0))
    return Segmentation(label_map, LABELS[:labels], confidence, instances if seed % 2 else None)


def half_and_half(height, width, *, soft):
    """The right half is a cat."""
    label_map = np.zeros((height, width), np.uint8)
    label_map[:, width // 2 :] = 1
    return Segmentation(label_map, LABELS[:1], label_map[None] * np.uint8(255) if soft else None)


def drawn(overlay, image, segmentation):
    return overlay.draw(Canvas.sharing_image(image), segmentation).bgr()


def test_every_overlay_is_tried_here():
    assert {type(overlay) for overlay in ONE_OF_EACH} == set(OVERLAYS.values())
    assert all(OVERLAYS[overlay.kind] is type(overlay) for overlay in ONE_OF_EACH)


@given(
    OVERLAY, st.integers(1, 33), st.integers(1, 33), st.integers(1, 3), st.booleans(), st.booleans(), st.integers(0, 99)
)
def test_an_overlay_gives_a_new_picture_of_the_same_kind(overlay, height, width, labels, soft, planes, seed):
    if planes:
        height, width = height * 2, width * 2
    image = noise(height, width, seed)
    canvas = Canvas.converted_from(image, BT601) if planes else Canvas.sharing_image(image)
    segmentation = random_segmentation(height, width, labels, soft, seed)
    before = canvas.buffer.copy(), segmentation.label_map.copy(), soft and segmentation.confidence.copy()
    result = overlay.draw(canvas, segmentation)
    assert np.array_equal(canvas.buffer, before[0])
    assert np.array_equal(segmentation.label_map, before[1])
    assert not soft or np.array_equal(segmentation.confidence, before[2])
    assert not np.shares_memory(result.buffer, canvas.buffer)
    assert result.matrix == canvas.matrix
    assert result.buffer.dtype == np.uint8
    if isinstance(overlay, SideBySide):
        assert result.size == (max(2, height // 4 * 2), 2 * max(2, width // 4 * 2))
    else:
        assert result.size == (height, width)


@pytest.mark.parametrize("overlay", ONE_OF_EACH, ids=lambda overlay: overlay.kind)
@pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
@pytest.mark.parametrize("matrix", [BT601, BT709], ids=lambda matrix: matrix.name)
def test_on_planes_an_overlay_looks_as_on_bgr(overlay, soft, matrix):
    if isinstance(overlay, ColorPop) and matrix != BT601:
        pytest.skip("there, grey is the frame's own Y; OpenCV's grey of a BGR picture is BT.601's")
    y, x = np.mgrid[:96, :128]
    image = np.stack([60 + x, 40 + y, 200 - x // 2], axis=2).astype(np.uint8)
    segmentation = half_and_half(96, 128, soft=soft)
    expected = drawn(overlay, image, segmentation)
    planes = overlay.draw(Canvas.converted_from(image, matrix), segmentation).bgr()
    contrast = cv2.morphologyEx(expected, cv2.MORPH_GRADIENT, np.ones((7, 7), np.uint8)).max(axis=2)
    away_from_edges = contrast < 16
    assert away_from_edges.mean() > 0.5
    assert np.abs(planes.astype(int) - expected)[away_from_edges].max() <= 7


def test_a_tint_is_half_the_color_of_the_label():
    segmentation = Segmentation(np.array([[0, 1, 2]], np.uint8), LABELS[:2])
    image = np.full((1, 3, 3), 100, np.uint8)
    assert drawn(Tint(strength=0.5), image, segmentation).tolist() == [[[100] * 3, [50, 50, 178], [178, 50, 50]]]
    assert np.array_equal(drawn(Tint(strength=0), image, segmentation), image)


def many_labels(height, width, seed, *, soft):
    """Twenty labels of which few are there, as a large network gives them."""
    random = np.random.default_rng(seed)
    labels = tuple(Label(str(n), tuple(random.integers(0, 256, 3).tolist())) for n in range(20))
    label_map = random.choice(np.array([0, 3, 4, 20], np.uint8), (height, width))
    masks = label_map == np.arange(1, 21)[:, None, None]
    confidence = np.where(masks, random.integers(1, 256, label_map.shape), 0).astype(np.uint8)
    return Segmentation(label_map, labels, confidence if soft else None)


@given(st.integers(1, 20), st.integers(1, 20), FRACTIONS, st.booleans(), st.booleans(), st.integers(0, 99))
def test_a_tint_of_many_labels_is_one_blend_for_each(height, width, strength, soft, planes, seed):
    image = noise(2 * height, 2 * width, seed)
    canvas = Canvas.converted_from(image, BT601) if planes else Canvas.sharing_image(image)
    segmentation = many_labels(2 * height, 2 * width, seed, soft=soft)
    expected = canvas
    for value, label in enumerate(segmentation.labels, start=1):
        expected = expected.blended(canvas.toward(label.color, strength), segmentation.mask(value))
    result = Tint(strength=strength).draw(canvas, segmentation)
    assert np.abs(result.buffer.astype(int) - expected.buffer).max() <= 1


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 9), st.integers(0, 99))
def test_an_outline_of_many_labels_is_one_line_for_each(height, width, width_px, seed):
    image, segmentation = noise(height, width, seed), many_labels(height, width, seed, soft=False)
    canvas = expected = Canvas.sharing_image(image)
    side = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width_px + 1, width_px + 1))
    for value, label in enumerate(segmentation.labels, start=1):
        line = cv2.morphologyEx((segmentation.label_map == value).astype(np.uint8), cv2.MORPH_GRADIENT, side)
        expected = expected.blended(canvas.filled(label.color), Mask(line))
    assert np.array_equal(drawn(Outline(width_px=width_px), image, segmentation), expected.bgr())


def test_a_soft_label_that_is_nowhere_changes_nothing():
    image, nothing = noise(4, 6), np.zeros((4, 6), np.uint8)
    segmentation = Segmentation(nothing, LABELS, np.zeros((3, 4, 6), np.uint8))
    assert np.array_equal(drawn(Tint(strength=1), image, segmentation), image)
    assert np.array_equal(drawn(Outline(), image, segmentation), image)


def three_objects(height, width):
    """A bar, cut in two, and another one below, all of one label."""
    numbers = np.zeros((height, width), np.int32)
    numbers[height // 8 : height * 3 // 8, width // 8 : width // 2] = 1
    numbers[height // 8 : height * 3 // 8, width // 2 : width * 7 // 8] = 2
    numbers[height * 5 // 8 : height * 7 // 8, width // 8 : width * 7 // 8] = 1234
    return Segmentation((numbers > 0).astype(np.uint8), LABELS[:1], instances=numbers)


def test_each_object_has_a_color_of_its_own_and_keeps_it():
    segmentation, image = three_objects(240, 320), np.full((240, 320, 3), 100, np.uint8)
    result = drawn(NumberedObjects(strength=0.5), image, segmentation)
    first, second, third = (tuple(result[at].tolist()) for at in ((40, 50), (40, 270), (160, 50)))
    assert len({first, second, third, (100, 100, 100)}) == 4
    assert (result[segmentation.instances == 0] == 100).mean() > 0.95, "outside there is a bit of a number at most"
    moved = Segmentation(segmentation.label_map, LABELS[:1], instances=np.roll(segmentation.instances, 9, axis=0))
    assert tuple(drawn(NumberedObjects(strength=0.5), image, moved)[49, 270].tolist()) == second


def test_two_objects_that_touch_have_a_line_between():
    segmentation, image = three_objects(240, 320), np.full((240, 320, 3), 100, np.uint8)
    row = drawn(NumberedObjects(strength=0.2), image, segmentation)[40, 140:180].astype(int)
    strong = np.flatnonzero(np.abs(row - 100).max(axis=1) > 60)
    assert strong.tolist() == [19, 20]


@pytest.mark.parametrize(("height", "digit_px"), [(60, 10), (240, 10), (720, 25), (1080, 38)])
def test_numbers_are_written_at_a_size_that_can_be_read(height, digit_px):
    numbers = np.zeros((height, height * 2), np.int32)
    numbers[height // 4 : height * 3 // 4, height // 2 : height * 3 // 2] = 1
    segmentation = Segmentation((numbers > 0).astype(np.uint8), LABELS[:1], instances=numbers)
    result = drawn(NumberedObjects(strength=0.4), np.full((*numbers.shape, 3), 60, np.uint8), segmentation)
    rows, columns = np.nonzero(result.min(axis=2) > 200)
    assert np.ptp(rows) + 1 == pytest.approx(digit_px, abs=2 + digit_px // 8)
    assert rows.mean() == pytest.approx(height / 2, abs=2 + digit_px // 8)
    assert columns.mean() == pytest.approx(height, abs=2 + digit_px // 4)


@pytest.mark.parametrize("place", [(0, 0), (0, 118), (58, 0), (58, 118)])
@pytest.mark.parametrize("planes", [False, True], ids=["bgr", "i420"])
def test_a_number_at_the_border_is_whole(place, planes):
    def white(top, left):
        numbers = np.zeros((60, 120), np.int32)
        numbers[top : top + 2, left : left + 2] = 21  # in a dark blue
        segmentation = Segmentation((numbers > 0).astype(np.uint8), LABELS[:1], instances=numbers)
        canvas = Canvas.sharing_image(np.zeros((60, 120, 3), np.uint8))
        if planes:
            canvas = Canvas.converted_from(canvas.buffer, BT601)
        return np.count_nonzero(NumberedObjects(strength=0).draw(canvas, segmentation).luma() > 180)

    assert white(*place) == white(30, 60) > 10


def test_objects_look_on_planes_as_on_bgr():
    segmentation, image = three_objects(240, 320), np.full((240, 320, 3), (60, 120, 180), np.uint8)
    expected = drawn(NumberedObjects(), image, segmentation)
    planes = NumberedObjects().draw(Canvas.converted_from(image, BT709), segmentation).bgr()
    contrast = cv2.morphologyEx(expected, cv2.MORPH_GRADIENT, np.ones((7, 7), np.uint8)).max(axis=2)
    away_from_edges = contrast < 16
    assert away_from_edges.mean() > 0.5
    assert np.abs(planes.astype(int) - expected)[away_from_edges].max() <= 7
    assert np.abs(planes.astype(int) - expected).mean() < 4


def test_without_objects_labels_are_tinted():
    image, segmentation = noise(20, 30), half_and_half(20, 30, soft=True)
    tint = drawn(Tint(strength=0.3), image, segmentation)
    assert np.array_equal(drawn(NumberedObjects(strength=0.3), image, segmentation), tint)


def test_an_outline_lies_around_the_label_and_nowhere_else():
    label_map = np.zeros((9, 9), np.uint8)
    label_map[3:6, 3:6] = 1
    image = np.full((9, 9, 3), 100, np.uint8)
    line = (drawn(Outline(width_px=2), image, Segmentation(label_map, LABELS[:1])) == (0, 0, 255)).all(axis=2)
    assert ["".join(".#"[pixel] for pixel in row) for row in line.astype(int)] == [
        ".........",
        ".........",
        "...###...",
        "..#####..",
        "..##.##..",
        "..#####..",
        "...###...",
        ".........",
        ".........",
    ]


def test_a_cut_out_is_opencvs_bitwise_and():
    image, segmentation = noise(20, 20), half_and_half(20, 20, soft=False)
    expected = cv2.bitwise_and(image, image, mask=segmentation.label_map)
    assert np.array_equal(drawn(CutOut(color="#000000"), image, segmentation), expected)


@pytest.mark.parametrize("overlay", ONE_OF_EACH, ids=lambda overlay: overlay.kind)
def test_an_overlay_that_hides_the_background_shows_nothing_of_it(overlay):
    if not overlay.hides_raw:
        pytest.skip("this one shows the picture")
    segmentation = half_and_half(200, 200, soft=True)
    one, other = noise(200, 200), noise(200, 200)
    other[80:120, 20:60] = 255 - other[80:120, 20:60]
    difference = np.abs(drawn(overlay, one, segmentation).astype(int) - drawn(overlay, other, segmentation))
    assert difference.max() <= (40 if isinstance(overlay, Blur) else 0)


def test_color_pop_keeps_the_label_and_turns_the_rest_grey():
    image, segmentation = noise(8, 8), half_and_half(8, 8, soft=False)
    result = drawn(ColorPop(), image, segmentation)
    assert np.array_equal(result[:, 4:], image[:, 4:])
    assert np.ptp(result[:, :4], axis=2).max() == 0


def test_a_background_covers_the_picture_without_being_squeezed():
    stripes = np.zeros((40, 80, 3), np.uint8)
    stripes[:, 20:60] = 255
    nothing = Segmentation(np.zeros((40, 40), np.uint8), LABELS[:1])
    result = drawn(Replace(picture=embed_picture(stripes)), noise(40, 40), nothing)
    assert result[:, 2:-2].min() > 245, "its middle, 40 pixels wide, is all white"


def covering_whole(image, height, width):
    """The definition: the whole background made large enough, then its middle."""
    scale = max(height / image.shape[0], width / image.shape[1])
    rows, columns = max(height, round(image.shape[0] * scale)), max(width, round(image.shape[1] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    top, left = (rows - height) // 2, (columns - width) // 2
    return cv2.resize(image, (columns, rows), interpolation=how)[top : top + height, left : left + width]


@pytest.mark.parametrize("name", background_names())
@pytest.mark.parametrize(("height", "width"), [
    (720, 1280), (1280, 720), (360, 640), (480, 640), (333, 777), (1080, 1920), (2340, 1080), (1001, 1000), (90, 160),
    (100, 700), (16, 800), (800, 16),
])  # fmt: skip
def test_a_background_is_the_middle_of_the_whole_one(name, height, width):
    """Only what is seen of it is made large."""
    nothing = Segmentation(np.zeros((height, width), np.uint8), LABELS[:1])
    seen = drawn(Replace(picture=name), np.zeros((height, width, 3), np.uint8), nothing)
    expected = covering_whole(background_picture(name), height, width)
    assert np.abs(seen.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(("height", "width"), [(16, 32768), (32768, 16), (16, 800), (3000, 3000)])
@pytest.mark.parametrize(("high", "wide"), [(16, 800), (800, 16), (1080, 1920)])
def test_an_extreme_background_covers_an_extreme_picture(high, wide, height, width):
    background = embed_picture(np.full((high, wide, 3), 90, np.uint8))
    nothing = Segmentation(np.zeros((height, width), np.uint8), LABELS[:1])
    seen = drawn(Replace(picture=background), np.zeros((height, width, 3), np.uint8), nothing)
    assert seen.shape == (height, width, 3)
    assert 89 <= seen.min() <= seen.max() <= 91


def test_an_embedded_picture_is_small_and_comes_back():
    image = np.repeat(np.repeat(noise(3, 5), 500, axis=0), 500, axis=1)
    text = embed_picture(image)
    read = PIL.Image.open(io.BytesIO(base64.b64decode(text.split(",")[1])))
    assert read.format == "JPEG"
    assert read.size == (1920, 1152)
    back = background_picture(text)
    assert np.abs(back[192::384, 192::384].astype(int) - image[250::500, 250::500]).max() <= 6


def test_a_transparent_cut_out_holds_nothing_of_what_it_hides():
    image = noise(4, 6)
    label_map = np.array([[0, 0, 0, 1, 1, 1]] * 4, np.uint8)
    confidence = np.array([[[0, 0, 90, 200, 255, 255]] * 4], np.uint8)
    opacity = np.full((4, 6), 255, np.uint8)
    opacity[0] = 0
    for segmentation in (Segmentation(label_map, LABELS[:1]), Segmentation(label_map, LABELS[:1], confidence)):
        content = write_png(cut_out_rgba(image, segmentation, opacity))
        rgba = np.asarray(PIL.Image.open(io.BytesIO(content)))
        assert rgba.shape == (4, 6, 4)
        assert np.array_equal(rgba[1:, :, 3], segmentation.foreground().opacity()[1:])
        assert (rgba[0] == 0).all()
        assert (rgba[rgba[..., 3] == 0] == 0).all()
        assert np.array_equal(rgba[1:, 4:, :3], image[1:, 4:, ::-1])


def test_a_half_transparent_picture_stays_so():
    opacity = np.array([[255, 128, 0]], np.uint8)
    everything = Segmentation(np.ones((1, 3), np.uint8), LABELS[:1])
    assert cut_out_rgba(noise(1, 3), everything, opacity)[..., 3].tolist() == [[255, 128, 0]]
    assert cut_out_rgba(noise(1, 3), everything)[..., 3].tolist() == [[255, 255, 255]]
