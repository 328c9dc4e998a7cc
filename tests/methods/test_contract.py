"""What every method owes, whichever it is."""

import numpy as np
import pytest

from segcore.methods import METHODS
from segcore.methods.network import NetworkOptions
from segcore.networks.catalogue import cards
from segcore.recipe import ready_recipes
from tests.conftest import noise
from tests.streams import Stream

READY = {f"recipe {name}": recipe.segmenter for name, recipe in ready_recipes().items()}
CARDS = {f"card {name}": NetworkOptions(model=name) for name in cards()}
DEFAULTS = {
    f"{name} as it comes": options()
    for name, options in METHODS.items()
    if not any(field.is_required() for field in options.model_fields.values())
}
VARIANTS = {
    f"{options['method']} {' '.join(map(str, list(options.values())[1:]))}": METHODS[options["method"]](**options)  # type: ignore[attr-defined]
    for options in (
        *({"method": "threshold", "kind": kind} for kind in ("triangle", "adaptive_mean", "adaptive_gaussian")),
        *({"method": "threshold", "channel": channel} for channel in ("hue", "green_to_red", "blue")),
        {"method": "threshold", "kind": "fixed", "cuts": (200, 50, 100), "inverted": True},
        {"method": "threshold", "levels": 5, "inverted": True},
        {"method": "edges", "automatic": False, "smoothing_percent": 0},
        {"method": "edges", "show": "regions", "gap_percent": 0, "smallest_percent": 0},
    )
}
EVERY = READY | CARDS | DEFAULTS | VARIANTS


def test_every_method_is_tested_here():
    assert {options.method for options in EVERY.values()} == set(METHODS)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (17, 31), (33, 32), (90, 160)])
def test_a_segmentation_fits_its_picture(name, height, width, request):
    if isinstance(EVERY[name], NetworkOptions):
        request.getfixturevalue("weights" if EVERY[name].model.startswith("selfie") else "library")
    image = noise(height, width)
    before = image.copy()
    segmentation = Stream(EVERY[name]).segment(image)
    assert np.array_equal(image, before)
    assert segmentation.label_map.shape == (height, width)
    assert segmentation.label_map.dtype == np.uint8
    assert segmentation.label_map.max() <= len(segmentation.labels)
    assert segmentation.labels
    if segmentation.confidence is not None:
        assert segmentation.confidence.shape == (len(segmentation.labels), height, width)
        assert segmentation.confidence.dtype == np.uint8
    assert (segmentation.instances is not None) == EVERY[name].numbers_objects
    if segmentation.instances is not None:
        assert segmentation.instances.shape == (height, width)
        assert segmentation.instances.dtype == np.int32
        assert segmentation.instances.min() >= 0
