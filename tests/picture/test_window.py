import numpy as np
import pytest

from segcore.picture.window import Window, window_around
from tests.conftest import noise


def around(left: float, top: float, right: float, bottom: float, height: int, width: int) -> Window | None:
    return window_around(np.array([left, top]), np.array([right, bottom]), height, width)


def test_a_large_box_is_reduced_and_keeps_its_shape():
    assert around(200, 100, 1000, 500, 720, 1280) == Window(80, 0, 1120, 620, height=191, width=320)


def test_a_small_box_is_enlarged_twice_at_most():
    assert around(50, 50, 70, 60, 720, 1280) == Window(47, 47, 73, 63, height=32, width=52)
    assert around(100, 100, 200, 120, 720, 1280) == Window(85, 85, 215, 135, height=62, width=160)


def test_a_window_stays_in_the_picture():
    assert around(-20, -20, 500, 500, 60, 80) == Window(0, 0, 80, 60, height=120, width=160)


@pytest.mark.parametrize("box", [(90, 10, 99, 20), (10, -9, 20, 0), (10, 10, 10, 30)])
def test_there_is_no_window_around_nothing(box):
    assert around(*box, 60, 80) is None


def test_a_window_shows_its_part_of_the_picture():
    picture = noise(30, 40)
    assert np.array_equal(Window(5, 3, 25, 13, height=10, width=20).crop(picture), picture[3:13, 5:25])


def test_places_and_masks_go_back_into_the_picture():
    window = Window(10, 20, 30, 60, height=20, width=10)
    assert (window.to_image() @ [0, 0, 1]).tolist() == [10.5, 20.5, 1]  # the middle of four pixels
    assert (window.to_image() @ [9, 19, 1]).tolist() == [28.5, 58.5, 1]
    full = window.enlarge(np.ones((20, 10), np.uint8), 80, 50)
    assert full.shape == (80, 50)
    assert full[20:60, 10:30].all()
    assert full.sum() == 40 * 20
