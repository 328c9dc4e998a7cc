"""What every method owes, whichever it is."""

import numpy as np
import pytest

from segcore.methods import METHODS
from segcore.methods.network import NetworkOptions
from segcore.model_card import cards
from segcore.recipe import ready_recipes
from tests.conftest import noise

READY = {f"recipe {name}": recipe.segmenter for name, recipe in ready_recipes().items()}
CARDS = {f"card {name}": NetworkOptions(model=name) for name in cards()}
EVERY = READY | CARDS


def test_every_method_is_tested_here():
    assert {options.method for options in EVERY.values()} == set(METHODS)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (17, 31), (33, 32), (90, 160)])
def test_a_segmentation_fits_its_picture(name, height, width, request):
    if isinstance(EVERY[name], NetworkOptions):
        request.getfixturevalue("weights")
    image = noise(height, width)
    before = image.copy()
    segmentation = EVERY[name].build().segment(image)
    assert np.array_equal(image, before)
    assert segmentation.label_map.shape == (height, width)
    assert segmentation.label_map.dtype == np.uint8
    assert segmentation.label_map.max() <= len(segmentation.labels)
    assert segmentation.labels
    if segmentation.confidence is not None:
        assert segmentation.confidence.shape == (len(segmentation.labels), height, width)
        assert segmentation.confidence.dtype == np.uint8
