import cv2
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import BT601, BT709, YuvMatrix
from segcore.segmentation import Mask
from tests.conftest import noise

FULL_709 = YuvMatrix("ITU709", 0.2126, 0.0722, full_range=True)
MATRICES = [BT601, BT709, FULL_709, YuvMatrix("BT2020", 0.2627, 0.0593)]
COLORS = [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (10, 120, 200)]


def mix(below, above, mask):
    """The definition, in floats."""
    share = mask.astype(float)[..., None] / 255
    return np.floor(below * (1 - share) + above * share + 0.5).astype(np.uint8)


def smooth(height, width):
    y, x = np.mgrid[:height, :width]
    return np.stack([60 + x % 128, 40 + y % 128, 200 - (x + y) % 128], axis=2).astype(np.uint8)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("color", COLORS)
def test_a_filled_canvas_has_the_color_in_every_matrix(matrix, color):
    canvas = Canvas.converted_from(noise(4, 6), matrix).filled(color)
    assert np.abs(canvas.bgr().astype(int) - color).max() <= 3


@pytest.mark.parametrize("matrix", MATRICES)
def test_planes_and_back_is_the_same_picture(matrix):
    image = np.repeat(np.repeat(noise(3, 4), 20, axis=0), 20, axis=1)
    back = Canvas.converted_from(image, matrix).bgr()
    centres = np.abs(back.astype(int) - image)[10::20, 10::20]
    assert centres.max() <= 4


def test_known_yuv_values():
    """Red in BT.601 and BT.709, limited range: the numbers of the standards."""
    assert BT601.to_yuv((0, 0, 255)) == (81, 90, 240)
    assert BT709.to_yuv((0, 0, 255)) == (63, 102, 240)
    assert BT709.to_yuv((255, 255, 255)) == (235, 128, 128)
    assert FULL_709.to_yuv((255, 0, 0))[1] == 255


def test_an_i420_buffer_is_y_then_u_then_v():
    buffer = np.arange(24, dtype=np.uint8).reshape(6, 4)
    y, u, v = Canvas.sharing_i420(buffer, BT601).planes
    assert y.ravel().tolist() == list(range(16))
    assert u.tolist() == [[16, 17], [18, 19]]
    assert v.tolist() == [[20, 21], [22, 23]]


def test_a_blank_canvas_writes_through_to_its_buffer():
    canvas = Canvas.converted_from(noise(4, 6), BT601).empty_like()
    for plane in canvas.planes:
        plane[...] = 7
    assert (canvas.buffer == 7).all()


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32), st.booleans())
def test_a_blend_is_its_definition(height, width, seed, mostly_plain):
    below, above = noise(height, width, seed), noise(height, width, seed + 1)
    mask = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    if mostly_plain:
        mask[mask < 100], mask[mask > 150] = 0, 255
    soft = Canvas.sharing_image(below).blended(Canvas.sharing_image(above), Mask(mask, soft=True)).bgr()
    assert np.abs(soft.astype(int) - mix(below, above, mask)).max() <= 1
    assert np.array_equal(soft[mask == 0], below[mask == 0])
    assert np.array_equal(soft[mask == 255], above[mask == 255])
    hard = Canvas.sharing_image(below).blended(Canvas.sharing_image(above), Mask(mask)).bgr()
    assert np.array_equal(hard, np.where(mask[..., None] > 0, above, below))


@pytest.mark.parametrize("soft", [True, False])
def test_a_blend_of_planes_takes_the_mask_at_each_planes_size(soft):
    black, white = (
        Canvas.converted_from(noise(4, 4), BT601).empty_like(),
        Canvas.converted_from(noise(4, 4), BT601).empty_like(),
    )
    black.buffer[...], white.buffer[...] = 0, 255
    mask = np.array([[0, 0, 255, 255], [0, 0, 255, 255], [255, 0, 0, 0], [255, 0, 0, 0]], np.uint8)
    blended = black.blended(white, Mask(mask, soft=soft))
    assert np.array_equal(blended.planes[0], mask)
    assert blended.planes[1].tolist() == [[0, 255], [128 if soft else 255, 0]]


def test_a_blend_takes_pictures_and_masks_that_are_cut_out_of_larger_ones():
    big, over, mask = noise(10, 10), noise(10, 10, 1), noise(10, 10, 2)[..., 0]
    below, above = (Canvas.sharing_image(image[2:7, 1:8]) for image in (big, over))
    blended = below.blended(above, Mask(mask[2:7, 1:8], soft=True))
    expected = mix(big, over, mask)[2:7, 1:8]
    assert np.abs(blended.bgr().astype(int) - expected).max() <= 1


@pytest.mark.parametrize("strength", [0, 0.3, 1])
def test_toward_moves_each_pixel_its_share_of_the_way(strength):
    image = noise(8, 8)
    moved = Canvas.sharing_image(image).toward((10, 120, 250), strength).bgr()
    expected = image * (1 - strength) + np.array((10, 120, 250)) * strength
    assert np.abs(moved - expected).max() <= 0.5001


@pytest.mark.parametrize("matrix", [None, BT601, FULL_709])
def test_without_color_is_the_luma(matrix):
    image = smooth(16, 16)
    canvas = Canvas.sharing_image(image) if matrix is None else Canvas.converted_from(image, matrix)
    grey = canvas.without_color().bgr().astype(int)
    assert np.ptp(grey, axis=2).max() <= 2
    if matrix in (None, BT601):
        assert np.abs(grey[..., 0] - cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)).max() <= 3


@pytest.mark.parametrize("radius", [0.01, 1, 11, 13, 60, 500])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 40), (3, 5), (16, 16), (130, 31)])
def test_a_blur_keeps_a_plain_picture_plain_and_never_leaves_its_range(radius, height, width):
    nothing = np.zeros((height, width), np.uint8)
    plain = Canvas.sharing_image(np.full((height, width, 3), 77, np.uint8)).blurred(radius, Mask(nothing)).bgr()
    assert np.abs(plain.astype(int) - 77).max() <= 1
    blurred = Canvas.sharing_image(50 + noise(height, width) // 2).blurred(radius, Mask(nothing)).bgr()
    assert blurred.min() >= 49
    assert blurred.max() <= 178


@pytest.mark.parametrize("matrix", [None, BT601])
def test_a_wide_blur_leaves_no_detail(matrix):
    image = noise(200, 200)
    canvas = Canvas.sharing_image(image) if matrix is None else Canvas.converted_from(image, matrix)
    blurred = canvas.blurred(20, Mask(np.zeros((200, 200), np.uint8))).bgr()
    assert blurred[20:-20, 20:-20].astype(float).std() < 8


def test_what_lies_under_the_mask_leaves_no_halo_around_it():
    image, mask = np.full((200, 200, 3), 40, np.uint8), np.zeros((200, 200), np.uint8)
    image[80:120, 80:120], mask[80:120, 80:120] = 240, 255
    without, within = (
        Canvas.sharing_image(image).blurred(20, Mask(one, soft=True)).bgr()[70, 100, 0] for one in (mask, mask * 0)
    )
    assert abs(int(without) - 40) <= 3
    assert within > 60


@pytest.mark.parametrize(("height", "width"), [(2, 2), (16, 16), (200, 16)])
def test_a_blur_of_planes_keeps_a_plain_picture_plain(height, width):
    canvas = Canvas.converted_from(np.full((height, width, 3), 77, np.uint8), BT601)
    for radius in (0.1, 5, 20, 60):
        blurred = canvas.blurred(radius, Mask(np.zeros((height, width), np.uint8)))
        assert np.abs(blurred.buffer.astype(int) - canvas.buffer).max() <= 1


@pytest.mark.parametrize("matrix", [None, BT709])
def test_scaled_and_beside(matrix):
    images = [np.full((8, 12, 3), grey, np.uint8) for grey in (40, 200)]
    left, right = (
        Canvas.sharing_image(one) if matrix is None else Canvas.converted_from(one, matrix) for one in images
    )
    both = left.scaled(4, 6).beside(right.scaled(4, 6))
    assert both.size == (4, 12)
    assert both.matrix == matrix
    assert np.abs(both.bgr()[:, :6].astype(int) - 40).max() <= 3
    assert np.abs(both.bgr()[:, 6:].astype(int) - 200).max() <= 3


@pytest.mark.parametrize("matrix", [None, *MATRICES])
def test_a_mask_is_written_in_grey(matrix):
    mask = np.repeat(np.repeat(np.array([[0, 85], [170, 255]], np.uint8), 2, axis=0), 2, axis=1)
    canvas = Canvas.sharing_image(noise(4, 4)) if matrix is None else Canvas.converted_from(noise(4, 4), matrix)
    assert np.abs(canvas.showing(mask).bgr().astype(int) - mask[..., None]).max() <= 2


def test_a_coat_moves_each_pixel_toward_the_color_that_its_index_names():
    canvas = Canvas.sharing_image(np.full((1, 4, 3), 100, np.uint8))
    coated = canvas.coated(np.array([[0, 1, 2, 0]], np.uint8), [(0, 0, 200), (200, 100, 0)], 0.5)
    assert coated.bgr().tolist() == [[[100] * 3, [50, 50, 150], [150, 100, 50], [100] * 3]]
    assert canvas.bgr().min() == canvas.bgr().max() == 100


@pytest.mark.parametrize("matrix", [None, *MATRICES])
def test_a_stamp_is_drawn_in_its_greys_where_its_mask_is(matrix):
    image = np.full((8, 12, 3), (90, 140, 60), np.uint8)
    canvas = Canvas.sharing_image(image.copy()) if matrix is None else Canvas.converted_from(image, matrix)
    mask = np.full((4, 6), 255, np.uint8)
    mask[:, 4:] = 0
    canvas.stamp_in_place(np.full((4, 6), 200, np.uint8), Mask(mask, soft=True), left=6, top=2)
    expected = image.copy()
    expected[2:6, 6:10] = 200
    assert np.abs(canvas.bgr().astype(int) - expected).max() <= 6
