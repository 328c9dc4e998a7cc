import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from segcore.objects.measures import ObjectMeasures, measure
from segcore.segmentation import Label, Segmentation

CAT, DOG, COW = (Label(name, (0, 0, 0)) for name in ("cat", "dog", "cow"))


def test_coverage_is_each_labels_share_of_the_picture():
    label_map = np.array([[0, 0, 1, 1], [0, 0, 0, 3]], np.uint8)
    assert measure(Segmentation(label_map, (CAT, DOG, COW))).coverage_percent == {"cat": 25, "dog": 0, "cow": 12.5}


def test_one_label():
    assert measure(Segmentation(np.array([[0, 1, 1]], np.uint8), (CAT,))).coverage_percent["cat"] == pytest.approx(
        200 / 3
    )


@pytest.mark.parametrize("labels", [1, 2])
def test_a_full_and_an_empty_picture(labels):
    for value in (0, 1):
        label_map = np.full((7, 9), value, np.uint8)
        assert measure(Segmentation(label_map, (CAT, DOG)[:labels])).coverage_percent["cat"] == pytest.approx(
            100 * value
        )


def test_every_object_has_number_label_area_box_and_centre():
    numbers = np.array(
        [
            [0, 7, 7, 0, 0],
            [0, 7, 0, 0, 3],
            [0, 0, 0, 0, 3],
        ],
        np.int32,
    )
    label_map = np.where(numbers == 7, 1, np.where(numbers == 3, 2, 0)).astype(np.uint8)
    assert measure(Segmentation(label_map, (CAT, DOG), instances=numbers)).objects == (
        ObjectMeasures(3, "dog", area_px=2, box_px=(4, 1, 1, 2), center_px=(4, 1.5)),
        ObjectMeasures(
            7, "cat", area_px=3, box_px=(1, 0, 2, 2), center_px=(pytest.approx(4 / 3), pytest.approx(1 / 3))
        ),
    )


def test_an_object_of_several_labels_has_that_of_most_of_its_pixels():
    label_map = np.array([[1, 2, 2, 0, 3, 3, 1]], np.uint8)
    numbers = np.array([[5, 5, 5, 0, 6, 6, 6]], np.int32)
    objects = measure(Segmentation(label_map, (CAT, DOG, COW), instances=numbers)).objects
    assert [(one.number, one.label) for one in objects] == [(5, "dog"), (6, "cow")]


def test_without_instances_there_are_no_objects():
    label_map = np.ones((2, 2), np.uint8)
    assert measure(Segmentation(label_map, (CAT,))).objects == ()
    assert measure(Segmentation(label_map * 0, (CAT,), instances=np.zeros((2, 2), np.int32))).objects == ()


@given(
    arrays(
        np.int32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 0, 1, 2, 40, 70_000])
    )
)
def test_objects_are_counted_exactly(numbers):
    objects = measure(Segmentation((numbers > 0).astype(np.uint8), (CAT,), instances=numbers)).objects
    assert [one.number for one in objects] == [number for number in np.unique(numbers) if number]
    for one in objects:
        y, x = np.nonzero(numbers == one.number)
        assert one.label == "cat"
        assert one.area_px == len(x)
        assert one.box_px == (x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1)
        assert one.center_px == pytest.approx((x.mean(), y.mean()))
