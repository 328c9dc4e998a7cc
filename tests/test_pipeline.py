import numpy as np
import pytest

from segcore import build_pipeline, load_recipe
from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import BT601
from segcore.recipe import ready_recipes
from tests.conftest import noise
from tests.plain import refused


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("name", ready_recipes())
def test_a_ready_recipe_turns_a_picture_into_a_result(name, astronaut):
    before = astronaut.copy()
    result = build_pipeline(load_recipe(name))(astronaut)
    assert np.array_equal(astronaut, before)
    assert result.image.dtype == np.uint8
    assert not np.array_equal(result.image, astronaut)
    assert result.segmentation.label_map.shape == (512, 512)
    assert result.measures.coverage_percent.keys() == {label.name for label in result.segmentation.labels}
    assert result.timings_ms.keys() == {"segment", "refine", "draw", "measure"}


def test_a_red_thing_keeps_its_color():
    image = np.zeros((20, 20, 3), np.uint8)
    image[:, :10], image[:, 10:] = (40, 40, 220), (220, 40, 40)
    result = build_pipeline(load_recipe("color_pop_red"))(image)
    assert np.array_equal(result.image[:, :10], image[:, :10])
    assert np.ptp(result.image[:, 10:], axis=2).max() == 0
    assert result.measures.coverage_percent == {"red": 50}


def test_planes_come_back_as_planes():
    canvas = Canvas.converted_from(noise(32, 48), BT601)
    result = build_pipeline(load_recipe("find_colors")).on_canvas(canvas)
    assert result.canvas.matrix == BT601
    assert result.image.shape == (32, 48, 3)


def test_without_its_weights_a_recipe_says_how_to_get_them(write_card):
    write_card("selfie")
    with refused("Selfie", "segdeck models install selfie"):
        build_pipeline(load_recipe("silhouette"))
