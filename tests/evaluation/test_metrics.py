import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from segcore.evaluation.metrics import LabelMetrics, Tally, boundary, boundary_f, mean_metrics
from segcore.iou import iou

MASKS = arrays(np.bool_, (9, 12))
SMALL_MAPS = arrays(np.uint8, (6, 7), elements=st.integers(0, 2))


def mask(*rows: str) -> np.ndarray:
    return np.array([[cell == "#" for cell in row] for row in rows])


def square(left: int, top: int = 10, side: int = 20) -> np.ndarray:
    drawn = np.zeros((40, 60), np.bool_)
    drawn[top : top + side, left : left + side] = True
    return drawn


def test_iou_is_the_shared_part_of_all_that_is_covered():
    assert iou(mask("##..", "##.."), mask(".##.", ".##.")) == pytest.approx(2 / 6)


def test_two_empty_masks_agree():
    empty = mask("...")
    assert iou(empty, empty) == boundary_f(empty, empty) == 1


@given(MASKS, MASKS)
def test_iou_and_boundary_f_do_not_depend_on_the_order(first, second):
    assert iou(first, second) == iou(second, first)
    assert boundary_f(first, second) == pytest.approx(boundary_f(second, first))
    assert 0 <= iou(first, second) <= 1
    assert 0 <= boundary_f(first, second) <= 1


@given(MASKS)
def test_a_mask_agrees_with_itself(drawn):
    assert iou(drawn, drawn) == boundary_f(drawn, drawn) == 1


def test_a_boundary_is_the_outermost_pixels_of_a_mask():
    drawn = mask(".....", ".###.", ".###.", ".###.", ".....")
    assert np.array_equal(boundary(drawn), mask(".....", ".###.", ".#.#.", ".###.", "....."))


def test_the_images_border_is_no_boundary():
    assert np.array_equal(boundary(mask("##.", "##.", "##.")), mask(".#.", ".#.", ".#."))


@pytest.mark.parametrize(("shift", "agrees"), [(0, True), (3, True), (4, False)])
def test_three_pixels_are_tolerated_and_four_are_not(shift, agrees):
    assert (boundary_f(square(10), square(10 + shift)) == 1) == agrees


def test_a_boundary_where_there_is_none_is_wrong():
    assert boundary_f(square(10), np.zeros((40, 60), np.bool_)) == 0


@given(MASKS, MASKS)
def test_boundary_f_is_what_scipy_counts(found, truth):
    edges = []
    for drawn in (found, truth):
        edges.append(drawn & ~ndimage.binary_erosion(drawn, np.ones((3, 3)), border_value=1))
    if not (edges[0].any() and edges[1].any()):
        return
    hits = [
        (ndimage.distance_transform_edt(~other)[edge] <= 3).mean()
        for edge, other in [(edges[0], edges[1]), (edges[1], edges[0])]
    ]
    wanted = 2 * hits[0] * hits[1] / sum(hits) if sum(hits) else 0
    assert boundary_f(found, truth) == pytest.approx(wanted)


def test_pixels_of_all_images_count_together():
    tally = Tally()
    tally.add(np.uint8([[1, 1, 0, 0]]), np.uint8([[1, 0, 0, 0]]))
    tally.add(np.uint8([[1, 0, 0, 0]]), np.uint8([[1, 1, 1, 1]]))
    metrics = tally.metrics()[1]
    assert (metrics.iou, metrics.precision, metrics.recall) == (2 / 6, 2 / 3, 2 / 5)


@given(SMALL_MAPS, SMALL_MAPS)
def test_precision_of_one_is_recall_of_the_other(first, second):
    there, back = Tally(), Tally()
    there.add(first, second)
    back.add(second, first)
    assert there.metrics().keys() == back.metrics().keys()
    for value, metrics in there.metrics().items():
        assert metrics.iou == back.metrics()[value].iou
        assert metrics.iou <= min(metrics.precision, metrics.recall)
        if (first == value).any() and (second == value).any():
            assert metrics.precision == back.metrics()[value].recall


def test_a_label_that_is_nowhere_has_no_metrics():
    tally = Tally()
    tally.add(np.uint8([[0, 3]]), np.uint8([[0, 3]]))
    assert tally.metrics() == {3: LabelMetrics(1, 1, 1, 1)}


def test_labels_count_alike_in_the_mean():
    metrics = {1: LabelMetrics(1, 1, 1, 0), 2: LabelMetrics(0.5, 0, 0.5, 0)}
    assert mean_metrics(metrics) == LabelMetrics(0.75, 0.5, 0.75, 0)


def test_tolerance_is_a_distance_not_a_square():
    found, truth = np.zeros((2, 20, 20), np.bool_)
    found[5, 5] = truth[8, 8] = True
    assert boundary_f(found, truth) == 0
