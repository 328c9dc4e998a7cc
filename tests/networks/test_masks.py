import tracemalloc

import cv2
import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from segcore.networks.masks import channels_first, read_labels, read_probability, to_probability


def slow_way(probability, height, width, *, background):
    """Every channel at full size, in whole numbers as `read_probability` has them, and the highest of them."""
    small = np.rint(((probability - 0.1) / 0.8 * 255).clip(0, 255)).astype(np.uint8)
    planes = np.stack([cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in small])
    if background:
        return planes.argmax(axis=0), planes[1:]
    return np.where(planes.max(axis=0) > 127, planes.argmax(axis=0) + 1, 0), planes


PROBABILITIES = arrays.arrays(
    np.float32, st.tuples(st.integers(1, 6), st.integers(2, 9), st.integers(2, 9)), elements=st.floats(0, 1, width=32)
)


@given(PROBABILITIES, st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_the_fast_way_is_the_slow_way(probability, height, width, background):
    # Fewer steps than a float has, so that nothing lies on the edge of a rounding.
    probability = np.rint(probability * 80) / np.float32(80)
    labels = len(probability) - background
    if not labels:
        return
    label_map, planes = read_probability(probability, range(1, labels + 1), height, width, background=background)
    expected_map, expected_planes = slow_way(probability, height, width, background=background)
    assert planes.shape == (labels, height, width)
    off = np.abs(planes.astype(int) - expected_planes).max(axis=0)
    assert off.max() <= 1
    assert np.array_equal(label_map[off == 0], expected_map[off == 0])


def columns(*channels):
    """A probability a column, two rows high, a channel each."""
    return np.repeat(np.array(channels, np.float32)[:, None], 2, axis=1)


def read(probability, wanted, **options):
    label_map, planes = read_probability(probability, wanted, 2, probability.shape[2], **options)
    assert (label_map[0] == label_map[1]).all()
    return label_map[0].tolist(), planes[:, 0].tolist()


def test_the_surest_label_wins_and_the_first_of_two_that_are_equal():
    probability = columns([0.8, 0.2, 0.2, 0.4], [0.1, 0.5, 0.4, 0.4], [0.1, 0.3, 0.4, 0.2])
    assert read(probability, (1, 2), background=True)[0] == [0, 1, 1, 0]


def test_without_a_background_channel_a_label_is_seen_where_it_is_over_one_half():
    probability = columns([0.6, 0.4, 0.7, 0.1], [0.3, 0.4, 0.8, 0.9])
    assert read(probability, (1, 2), background=False)[0] == [1, 0, 2, 2]


@pytest.mark.parametrize("background", [True, False])
def test_labels_that_are_not_wanted_are_background_even_where_they_win(background):
    probability = columns([0.1, 0.1, 0.1], [0.8, 0.1, 0.2], [0.9, 0.8, 0.6])
    if background:
        assert read(probability, (1,), background=True)[0] == [0, 0, 0]
        assert read(probability, (2,), background=True)[0] == [1, 1, 1]
    else:
        assert read(probability, (2,), background=False)[0] == [0, 0, 0]
        assert read(probability, (2, 3), background=False)[0] == [2, 2, 2]


def test_the_confidence_is_that_of_the_wanted_labels():
    probability = columns([0.0, 0.5], [0.9, 0.1], [0.1, 0.5])
    assert read(probability, (2,), background=True)[1] == [[0, 128]]


def test_under_the_floor_there_is_background_and_no_confidence():
    probability = columns([0.1, 0.3, 0.4], [0.85, 0.6, 0.45], [0.05, 0.1, 0.15])
    assert read(probability, (1, 2), background=True, floor=0.5) == ([1, 1, 0], [[239, 159, 0], [0, 0, 0]])
    assert read(probability, (1, 2), background=True, floor=0.7) == ([1, 0, 0], [[239, 0, 0], [0, 0, 0]])
    assert read(probability[1:2], (1,), background=False, floor=0.7) == ([1, 0, 0], [[239, 0, 0]])


def test_what_would_fill_the_memory_is_labels_without_confidence(monkeypatch):
    probability = np.random.default_rng(0).random((4, 3, 5), np.float32)
    label_map, planes = read_probability(probability, (1, 3), 6, 10, background=True)
    assert planes is not None
    monkeypatch.setattr("segcore.segmentation.MOST_PLANE_PIXELS", 100)
    same, nothing = read_probability(probability, (1, 3), 6, 10, background=True)
    assert np.array_equal(same, label_map)
    assert nothing is None


def test_many_labels_on_a_large_photo_stay_within_the_memory():
    """254 labels, all of them likely: a plane each would be 3 GB."""
    probability = np.full((254, 2, 2), 0.5, np.float32)
    read_probability(probability, (1, 2), 16, 16, background=False)
    tracemalloc.start()
    try:
        label_map, planes = read_probability(probability, range(1, 255), 3000, 4000, background=False)
        most_mb = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert planes is None
    assert (label_map == 1).all()
    assert most_mb < 100


def test_a_value_that_is_no_number_is_not_seen():
    probability = columns([0.3, 0.9], [np.nan, 0.1])
    assert read(probability, (1,), background=True)[0] == [0, 0]


def test_labels_without_confidence_are_numbered_anew():
    answer = np.array([[[0, 1, 2], [3, 9, 300]]], np.float32)
    assert read_labels(answer, (1, 2, 3), 2, 3).tolist() == [[0, 1, 2], [3, 0, 0]]
    assert read_labels(answer, (1, 3), 2, 3).tolist() == [[0, 1, 0], [2, 0, 0]]
    assert read_labels(answer, (3,), 4, 6).tolist() == [[0] * 6] * 2 + [[1, 1, 0, 0, 0, 0]] * 2


def test_logits_become_probabilities():
    several = to_probability(np.array([[[0.0]], [[np.log(3)]]], np.float32))
    assert np.allclose(several[:, 0, 0], [0.25, 0.75])
    assert np.allclose(to_probability(np.array([[[0, 1000, -1000]]], np.float32)), [0.5, 1, 0])


@pytest.mark.parametrize(
    ("shape", "size", "layout", "expected"),
    [
        ((1, 21, 65, 65), (257, 257), "nchw", (21, 65, 65)),
        ((1, 65, 65, 21), (257, 257), "nchw", (21, 65, 65)),
        ((1, 2, 513, 513), (513, 513), "nhwc", (2, 513, 513)),
        ((1, 512, 896, 4), (512, 896), "nhwc", (4, 512, 896)),
        ((1, 144, 256, 1), (144, 256), "nchw", (1, 144, 256)),
        ((1, 144, 256), (144, 256), "nchw", (1, 144, 256)),
        ((144, 256), (144, 256), "nchw", (1, 144, 256)),
        ((1, 8, 8, 8), (8, 8), "nchw", (8, 8, 8)),
        ((1, 1000), (224, 224), "nchw", (1000, 1, 1)),
        ((2, 3, 8, 8), (8, 8), "nchw", (2, 3, 8, 8)),
    ],
)
def test_an_answer_is_brought_to_channels_first(shape, size, layout, expected):
    assert channels_first(np.zeros(shape, np.float32), size, layout).shape == expected


def test_where_both_orders_fit_the_layout_decides():
    answer = np.zeros((1, 8, 8, 8), np.float32)
    answer[0, 1, 2, 3] = 1
    assert channels_first(answer, (8, 8), "nchw")[1, 2, 3] == 1
    assert channels_first(answer, (8, 8), "nhwc")[3, 1, 2] == 1
