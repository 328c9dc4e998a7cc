"""What a stage says it remembers is what it remembers: begun so many frames earlier, it gives the same."""

import pickle

import cv2
import numpy as np
import pytest

from segcore.memory import EVERYTHING, NOTHING, Memory
from segcore.methods import METHODS
from segcore.methods.objects import ObjectsOptions
from segcore.picture.frame import Frame
from segcore.pipeline import build_pipeline
from segcore.recipe import load_recipe, ready_recipes
from segcore.refinement import Refinement
from segcore.segmentation import Label, Segmentation
from tests.streams import Stream


def moving(number: int):
    """A bright disc that goes to and fro before a dark ground, with a camera's noise."""
    image = np.random.default_rng(number).integers(0, 25, (90, 160, 3), dtype=np.uint8)
    cv2.circle(image, (80 + round(50 * np.sin(number / 6)), 45), 20, (200, 210, 220), -1)
    return image


def test_memories_add_up_and_everything_stays_everything():
    assert NOTHING.with_more(Memory(5)) == Memory(5)
    assert Memory(5).with_more(Memory(7)) == Memory(12)
    assert Memory(5).with_more(EVERYTHING) == EVERYTHING.with_more(NOTHING) == EVERYTHING


def test_each_method_declares_its_memory():
    told = {name: METHODS[name].model_construct().memory.frames for name in METHODS if name != "objects"}
    assert told == {
        "color_range": 0,
        "threshold": 0,
        "edges": 0,
        "network": 0,
        "clusters": None,
        "grab": None,
        "motion": None,
    }
    assert ObjectsOptions().memory == NOTHING, "finding objects is its source's; numbering them is a stage of its own"
    assert ready_recipes()["blur_my_background"].memory == Memory(25)


@pytest.mark.parametrize("name", ["color_pop_red", "find_colors", "count_bright_things", "trace_the_edges", "poster"])
def test_what_remembers_nothing_gives_the_same_wherever_it_begins(name):
    recipe = load_recipe(name)
    assert recipe.memory == NOTHING
    with_others, alone = recipe.segmenter.build(), recipe.segmenter.build()
    for number in range(5):
        earlier = with_others.segment(Frame.of_image(moving(number)))
    assert np.array_equal(earlier.label_map, alone.segment(Frame.of_image(moving(4))).label_map)


@pytest.mark.parametrize("smoothing", [0.3, 0.5, 0.8, 0.9])
def test_after_its_warm_up_a_steadied_mask_is_the_same(smoothing):
    refinement, cat = Refinement(smoothing=smoothing), (Label("cat", (0, 0, 255)),)
    warm_up = refinement.memory.frames
    begin = 90 - warm_up
    whole, late = refinement.build(), refinement.build()
    for number in range(120):
        image = moving(number)
        found = Segmentation((image[..., 0] > 127).astype(np.uint8), cat)
        expected = whole.refine(found, Frame.of_image(image))
        if number >= begin:
            result = late.refine(found, Frame.of_image(image))
        if number >= 90:
            assert cv2.absdiff(expected.confidence[0], result.confidence[0]).max() <= 6
            assert np.mean(expected.label_map != result.label_map) < 1e-3


def test_objects_are_found_frame_by_frame_and_numbered_in_order():
    """Two pieces that know nothing of each other, numbered one after the other, are one stream."""
    options = load_recipe("count_bright_things").segmenter
    whole = Stream(options)
    numberer, numbers = options.build_numberer(), []
    for piece in (range(10), range(10, 20)):
        segmenter = options.build()
        numbers += [numberer.number(segmenter.segment(Frame.of_image(moving(number)))) for number in piece]
    for number, found in enumerate(numbers):
        assert np.array_equal(found.instances, whole.segment(moving(number)).instances)


@pytest.mark.parametrize("name", ready_recipes())
def test_a_recipe_pickles_also_after_it_was_at_work(name):
    recipe = ready_recipes()[name]
    if recipe.segmenter.method != "network":
        build_pipeline(recipe)(moving(0))
    else:
        recipe.overlay.draw(
            Frame.of_image(moving(0)).canvas, Segmentation(np.zeros((90, 160), np.uint8), (Label("a", (0, 0, 0)),))
        )
    assert pickle.loads(pickle.dumps(recipe)) == recipe
