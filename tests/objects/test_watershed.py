import cv2
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from segcore.objects.watershed import separate_touching

MASK = arrays(
    np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24)), elements=st.sampled_from([0, 0, 255, 255, 90])
)


def discs(*circles, height=60, width=120):
    mask = np.zeros((height, width), np.uint8)
    for x, y, radius in circles:
        cv2.circle(mask, (x, y), radius, 255, -1)
    return mask


def count(mask, neck=0.7):
    return len(set(separate_touching(mask, neck)[mask > 0].tolist()))


def drawn(*rows):
    return np.array([[255 * (pixel == "#") for pixel in row] for row in rows], np.uint8)


def test_one_disc_stays_one():
    for radius in (1, 2, 5, 9, 25):
        assert count(discs((60, 30, radius))) == 1


def test_two_discs_that_touch_are_two():
    mask = discs((40, 30, 18), (75, 30, 18))
    assert cv2.connectedComponents(mask)[0] == 2, "they are connected"
    parts = separate_touching(mask, 0.7)
    assert parts[30, 40] != parts[30, 75]
    left, right = (np.count_nonzero((parts == parts[30, x]) & (mask > 0)) for x in (40, 75))
    assert left == pytest.approx(right, rel=0.05)


def test_a_small_disc_is_cut_off_a_large_one_at_the_neck():
    mask = discs((40, 30, 24), (74, 30, 12))
    parts = separate_touching(mask, 0.7)
    small = (parts == parts[30, 74]) & (mask > 0)
    assert np.count_nonzero(small) == pytest.approx(np.pi * 12**2, rel=0.1)
    assert np.flatnonzero(small.any(axis=0))[0] == pytest.approx(63, abs=2), "where the circles cross"


@pytest.mark.parametrize(("apart", "wanted"), [(12, 1), (20, 1), (32, 2), (38, 2)])
def test_the_neck_decides(apart, wanted):
    """Discs of radius 20: the neck is 0.95, 0.87, 0.6, 0.31 of their width."""
    mask = discs((40, 30, 20), (40 + apart, 30, 20))
    assert count(mask, 0.7) == wanted
    assert count(mask, 0) == 1


def test_long_and_bent_things_stay_whole():
    bar, corner = np.zeros((60, 120), np.uint8), np.zeros((60, 120), np.uint8)
    bar[20:27, 5:110] = 255
    corner[5:55, 10:20] = corner[45:55, 10:100] = 255
    slanted = cv2.line(np.zeros((60, 120), np.uint8), (5, 5), (110, 50), 255, 7)
    thin = cv2.line(np.zeros((60, 120), np.uint8), (5, 5), (110, 50), 255, 1)
    assert [count(mask) for mask in (bar, corner, slanted, thin)] == [1, 1, 1, 1]


def test_things_that_touch_at_a_corner_only_are_one():
    assert count(drawn("##..", "##..", "..##", "..##")) == 1


def test_things_with_a_gap_between_are_two_whatever_the_neck():
    gap = drawn("#####", ".....", "#####")
    assert [count(gap, neck) for neck in (0, 0.7)] == [2, 2]


def test_a_gap_that_is_narrower_than_a_cell_parts():
    coverage = np.full((20, 41), 255, np.uint8)
    coverage[:, 20] = 191
    assert count(coverage) == 2


@given(MASK, st.floats(0, 0.95))
def test_every_cell_has_a_part_and_a_part_is_connected(mask, neck):
    parts = separate_touching(mask, neck)
    assert parts.shape == mask.shape
    assert parts.dtype == np.int32
    assert (parts[mask > 0] > 0).all()
    for part in np.unique(parts[mask > 0]):
        assert cv2.connectedComponents(((parts == part) & (mask > 0)).astype(np.uint8))[0] == 2


@given(MASK)
def test_at_zero_the_parts_are_the_connected_components(mask):
    components = cv2.connectedComponents((mask > 0).astype(np.uint8))[1]
    pairs = {*zip(components[mask > 0].tolist(), separate_touching(mask, 0)[mask > 0].tolist(), strict=True)}
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})
