import base64
import io

import cv2
import hypothesis.strategies as st
import numpy as np
import PIL.Image
import pytest
from hypothesis import given

from segcore.canvas import BT601, BT709, Canvas
from segcore.overlay import (
    OVERLAYS,
    Blur,
    ColorPop,
    CutOut,
    Mask,
    Outline,
    Replace,
    SideBySide,
    Tint,
    background_names,
    background_picture,
    cut_out_rgba,
    embed_picture,
)
from segcore.photo import write_png
from segcore.segmentation import Label, Segmentation
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
    st.just(Mask()),
    st.builds(SideBySide, strength=FRACTIONS),
)
ONE_OF_EACH = [overlay() for overlay in OVERLAYS.values()]


def random_segmentation(height, width, labels, soft, seed):
    random = np.random.default_rng(seed)
    label_map = random.integers(0, labels + 1, (height, width), np.uint8)
    confidence = random.integers(0, 256, (labels, height, width), np.uint8) if soft else None
    return Segmentation(label_map, LABELS[:labels], confidence)


def half_and_half(height, width, *, soft):
    """The right half is a cat."""
    label_map = np.zeros((height, width), np.uint8)
    label_map[:, width // 2 :] = 1
    return Segmentation(label_map, LABELS[:1], label_map[None] * np.uint8(255) if soft else None)


def drawn(overlay, image, segmentation):
    return overlay.draw(Canvas.of_image(image), segmentation).bgr()


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
    canvas = Canvas.from_image(image, BT601) if planes else Canvas.of_image(image)
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
    planes = overlay.draw(Canvas.from_image(image, matrix), segmentation).bgr()
    contrast = cv2.morphologyEx(expected, cv2.MORPH_GRADIENT, np.ones((7, 7), np.uint8)).max(axis=2)
    away_from_edges = contrast < 16
    assert away_from_edges.mean() > 0.5
    assert np.abs(planes.astype(int) - expected)[away_from_edges].max() <= 7


def test_a_tint_is_half_the_color_of_the_label():
    segmentation = Segmentation(np.array([[0, 1, 2]], np.uint8), LABELS[:2])
    image = np.full((1, 3, 3), 100, np.uint8)
    assert drawn(Tint(strength=0.5), image, segmentation).tolist() == [[[100] * 3, [50, 50, 178], [178, 50, 50]]]
    assert np.array_equal(drawn(Tint(strength=0), image, segmentation), image)


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
        assert np.array_equal(rgba[1:, :, 3], segmentation.alpha()[1:])
        assert (rgba[0] == 0).all()
        assert (rgba[rgba[..., 3] == 0] == 0).all()
        assert np.array_equal(rgba[1:, 4:, :3], image[1:, 4:, ::-1])


def test_a_half_transparent_picture_stays_so():
    opacity = np.array([[255, 128, 0]], np.uint8)
    everything = Segmentation(np.ones((1, 3), np.uint8), LABELS[:1])
    assert cut_out_rgba(noise(1, 3), everything, opacity)[..., 3].tolist() == [[255, 128, 0]]
    assert cut_out_rgba(noise(1, 3), everything)[..., 3].tolist() == [[255, 255, 255]]
