import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from segcore.objects.tracker import Tracker

PLACES = st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1)), max_size=12)


def follow(tracker, *centers, areas=0.01, labels=1):
    """Follow objects 0.1 wide, unless said otherwise, in a picture that is 1 high."""
    count = len(centers)
    places = np.array(centers, float).reshape(count, 2)
    return tracker.track(np.full(count, labels), places, np.broadcast_to(np.float64(areas), count)).tolist()


def test_numbers_count_from_one_in_the_order_given():
    assert follow(Tracker(), (0.5, 0.5), (0.1, 0.1), (0.9, 0.1)) == [1, 2, 3]


def test_an_object_keeps_its_number_in_whatever_order_it_is_listed():
    tracker = Tracker()
    follow(tracker, (0.1, 0.5), (0.5, 0.5), (0.9, 0.5))
    assert follow(tracker, (0.92, 0.5), (0.12, 0.5), (0.52, 0.5)) == [3, 1, 2]


def test_a_new_object_gets_the_next_number_and_one_that_left_gives_its_number_to_none():
    tracker = Tracker()
    assert follow(tracker, (0.1, 0.5), (1.5, 0.5)) == [1, 2]
    assert follow(tracker, (0.1, 0.5)) == [1]
    assert follow(tracker, (0.1, 0.5), (0.8, 0.5)) == [1, 3]
    assert follow(tracker, (0.1, 0.5), (0.8, 0.5), (0.8, 0.1)) == [1, 3, 4]


def test_an_object_that_was_out_of_sight_comes_back_where_its_motion_leads():
    tracker = Tracker()
    for step in range(5):
        assert follow(tracker, (0.1 + 0.04 * step, 0.5)) == [1]
    for _ in range(10):
        assert follow(tracker) == []
    assert follow(tracker, (0.1 + 0.04 * 15, 0.5), (0.3, 0.5)) == [1, 2]


def test_an_object_that_was_gone_for_long_comes_back_as_a_new_one():
    tracker = Tracker()
    follow(tracker, (0.5, 0.5))
    for _ in range(40):
        follow(tracker)
    assert follow(tracker, (0.5, 0.5)) == [2]


def test_an_object_keeps_its_label():
    tracker = Tracker()
    follow(tracker, (0.5, 0.5), labels=1)
    assert follow(tracker, (0.5, 0.5), labels=2) == [2]


def test_something_of_quite_another_size_is_another_object():
    tracker = Tracker()
    follow(tracker, (0.5, 0.5), areas=0.01)
    assert follow(tracker, (0.5, 0.5), areas=0.9) == [2]


@pytest.mark.parametrize("speed", [0.01, 0.03, 0.09])
def test_two_that_pass_each_other_do_not_swap(speed):
    """They are seen apart, then as one thing twice as large while they overlap, then apart again."""
    tracker = Tracker()
    steps = round(0.8 / speed)
    for step in range(steps + 1):
        right, left = 0.6 + speed * step, 1.4 - speed * step
        if abs(right - left) > 0.1:
            assert follow(tracker, (right, 0.5), (left, 0.5)) == [1, 2], f"step {step} of {steps}"
        else:
            assert follow(tracker, ((right + left) / 2, 0.5), areas=0.01 + 0.1 * abs(right - left))[0] in (1, 2)


def test_one_that_runs_into_another_leaves_it_its_number():
    tracker = Tracker()
    for step in range(30):
        place = 0.2 + 0.05 * step
        if abs(place - 1) > 0.08:
            assert follow(tracker, (1, 0.5), (place, 0.5)) == [1, 2], f"step {step}"
        else:
            assert len(follow(tracker, ((1 + place) / 2, 0.5), areas=0.018)) == 1


@pytest.mark.parametrize("dropped", [2, 3])
def test_pictures_that_were_dropped_do_no_harm(dropped):
    tracker = Tracker()
    for step in range(0, 40, dropped):
        assert follow(tracker, (0.1 + 0.02 * step, 0.3), (1.5 - 0.02 * step, 0.6)) == [1, 2]


@given(st.lists(PLACES, min_size=1, max_size=8))
def test_every_object_has_a_number_of_its_own_and_none_comes_up_from_before_its_time(pictures):
    tracker, highest = Tracker(), 0
    for places in pictures:
        numbers = follow(tracker, *places)
        assert len(set(numbers)) == len(places)
        new = [number for number in numbers if number > highest]
        assert new == list(range(highest + 1, highest + 1 + len(new)))
        highest += len(new)
        assert all(number >= 1 for number in numbers)


def test_many_objects_are_followed():
    y, x = np.mgrid[0:30, 0:40] / 30
    tracker, places = Tracker(), np.stack([x.ravel(), y.ravel()], axis=1)
    numbers = follow(tracker, *places, areas=0.0004)
    shuffled = np.random.default_rng(0).permutation(len(places))
    assert follow(tracker, *(places[shuffled] + 0.005), areas=0.0004) == np.array(numbers)[shuffled].tolist()
