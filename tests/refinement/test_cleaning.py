import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from segcore.refinement import cleaning
from segcore.refinement.cleaning import close_gaps, fill_holes, remove_small_parts, remove_thin_parts

PLANES = arrays(np.uint8, (12, 15), elements=st.sampled_from([0, 255]))
EIGHT = np.ones((3, 3))


def plane(*rows: str) -> np.ndarray:
    return np.uint8([[255 if cell == "#" else 0 for cell in row] for row in rows])


def test_a_speck_goes_and_a_part_stays():
    drawn = plane("#......", "...###.", "...###.", "...###.", ".......")
    assert np.array_equal(remove_thin_parts(drawn, 3), plane(".......", "....#..", "...###.", "....#..", "......."))
    assert np.array_equal(remove_small_parts(drawn, 2), plane(".......", "...###.", "...###.", "...###.", "......."))


def test_a_gap_is_closed():
    assert np.array_equal(close_gaps(plane("###.###", "###.###", "###.###"), 3), plane("#######", "#######", "#######"))


def test_a_hole_is_filled_and_a_bay_is_not():
    drawn = plane(".......", ".###.##", ".#.#.#.", ".###.##", ".......")
    assert np.array_equal(fill_holes(drawn), plane(".......", ".###.##", ".###.#.", ".###.##", "......."))


def test_a_small_parts_soft_rim_goes_with_it():
    drawn = np.uint8([[0, 90, 90, 90, 0], [0, 90, 200, 90, 0], [0, 90, 90, 90, 0]])
    large = np.full((3, 9), 255, np.uint8)
    cleaned = remove_small_parts(np.hstack([drawn, large]), 5)
    assert not cleaned[:, :5].any()
    assert np.array_equal(cleaned[:, 5:], large)


@given(PLANES)
def test_holes_are_those_that_scipy_fills(drawn):
    assert np.array_equal(fill_holes(drawn) > 0, ndimage.binary_fill_holes(drawn > 0))


@given(PLANES, st.integers(1, 40))
def test_small_parts_are_those_that_scipy_counts(drawn, smallest):
    """What a part surrounds counts with it, so holes are filled first, and nothing lies within another part."""
    solid = np.where(ndimage.binary_fill_holes(drawn > 0), np.uint8(255), np.uint8(0))
    parts, count = ndimage.label(solid, EIGHT)
    sizes = ndimage.sum_labels(solid > 0, parts, np.arange(count + 1))
    wanted = (solid > 0) & (sizes >= smallest)[parts]
    assert np.array_equal(remove_small_parts(solid, smallest) > 0, wanted)


@given(arrays(np.uint8, (12, 15), elements=st.sampled_from([0, 90, 200, 255])), st.integers(1, 40))
def test_in_a_large_picture_small_parts_are_the_same(drawn, smallest):
    with pytest.MonkeyPatch.context() as patch:
        expected = remove_small_parts(drawn, smallest)
        patch.setattr(cleaning, "_MOST_OUTLINED_PIXELS", 0)
        assert np.array_equal(remove_small_parts(drawn, smallest), expected)


@given(PLANES)
def test_cleaning_leaves_its_input_as_it_is(drawn):
    before = drawn.copy()
    for clean in (remove_thin_parts(drawn, 3), close_gaps(drawn, 3), fill_holes(drawn), remove_small_parts(drawn, 4)):
        assert clean.shape == drawn.shape
    assert np.array_equal(drawn, before)


def test_soft_planes_stay_soft():
    soft = cv2.GaussianBlur(plane(*["." * 20] * 5, *["." * 5 + "#" * 10 + "." * 5] * 10, *["." * 20] * 5), (0, 0), 2)
    for clean in (remove_thin_parts(soft, 3), close_gaps(soft, 3), fill_holes(soft)):
        assert ((clean > 0) & (clean < 127)).any()


def test_a_large_disc_opens_and_closes_as_a_small_one_on_a_reduced_picture():
    """A bar of 60 goes and one of 130 stays; a gap of 60 closes and one of 130 does not."""
    drawn = np.zeros((600, 900), np.uint8)
    drawn[100:500, 100:160] = drawn[100:500, 300:430] = 255
    left = remove_thin_parts(drawn, 91)
    assert not left[:, :200].any()
    assert left[200:400, 300:430].all()
    assert np.array_equal(close_gaps(255 - drawn, 91)[200:400, 100:160], np.full((200, 60), 255))
    assert not close_gaps(255 - drawn, 91)[200:400, 320:410].any()
