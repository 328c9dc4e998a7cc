import cv2
import numpy as np
import pytest

from segcore.evaluation.flicker import Flicker, warp
from tests.conftest import noise

BACKGROUND = cv2.GaussianBlur(noise(192, 256), (0, 0), 2)
THING = cv2.GaussianBlur(noise(192, 256, seed=1), (0, 0), 2)


def scene(left: int) -> tuple[np.ndarray, np.ndarray]:
    """A textured square that stands ``left`` pixels from the left, and its mask."""
    image, label_map = BACKGROUND.copy(), np.zeros((192, 256), np.uint8)
    image[40:140, left : left + 100] = THING[:100, :100]
    label_map[40:140, left : left + 100] = 1
    return image, label_map


def flicker(*scenes: tuple[np.ndarray, np.ndarray]) -> float:
    meter = Flicker()
    for image, label_map in scenes:
        meter.add(image, label_map)
    return meter.value()


def test_a_still_mask_has_no_flicker():
    assert flicker(scene(20), scene(20), scene(20)) == 0


def test_a_mask_that_comes_and_goes_is_all_flicker():
    image, label_map = scene(20)
    nothing = np.zeros_like(label_map)
    assert flicker((image, label_map), (image, nothing), (image, label_map)) == 1


def test_a_mask_that_moves_with_its_picture_does_not_flicker():
    still = [(scene(20)[0], scene(20 + 4 * n)[1]) for n in range(5)]
    moving = [scene(20 + 4 * n) for n in range(5)]
    assert flicker(*moving) < 0.5 * flicker(*still)


def test_labels_count_alike():
    image = BACKGROUND
    first, second = np.zeros((2, 192, 256), np.uint8)
    first[:, :64] = second[:, :64] = 1
    first[:4, 100:104] = 2
    assert flicker((image, first), (image, second)) == pytest.approx(0.5)


@pytest.mark.parametrize("size", [(1, 1), (20, 40)])
def test_a_picture_too_small_for_flow_is_taken_as_still(size):
    image, label_map = noise(*size), np.ones(size, np.uint8)
    assert flicker((image, label_map), (image, label_map)) == 0


def test_one_picture_does_not_flicker():
    assert flicker(scene(20)) == 0


def test_a_label_map_follows_motion():
    label_map = np.uint8([[1, 2, 0, 0]])
    motion = np.full((1, 4, 2), (-1, 0), np.float32)
    assert warp(label_map, motion).tolist() == [[1, 1, 2, 0]]
