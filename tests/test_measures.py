import numpy as np
import pytest

from segcore.measures import measure
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
