"""How much a visit to the Photo page holds."""

import cv2
import pytest

from segcore.picture.photo import write_png
from segcore.processes.posix import give_large_memory_back
from segcore.recipe import ready_recipes
from tests.astronaut import read_astronaut
from tests.conftest import noise
from tests.memory_watch import MemoryWatch
from tests.pages.conftest import Open, send
from tests.pages.reading import pick

MOST_MB = 500


@pytest.mark.usefixtures("weights")
def test_the_largest_photo_through_every_recipe_in_one_visit(visit: Open) -> None:
    """24 megapixels, as a phone takes them."""
    give_large_memory_back()  # as the app does
    large = cv2.resize(read_astronaut(), (5656, 4242))
    content = cv2.imencode(".jpg", large)[1].tobytes()
    del large
    app = send(visit("photo"), "photo", ("small.png", write_png(noise(40, 60))))  # what every visit needs is loaded
    app.default_timeout = 120
    with MemoryWatch() as memory:
        send(app, "photo", ("a.jpg", content))
        for recipe in ready_recipes().values():
            pick(app, recipe.title)
            assert not app.error
    assert memory.added_mb < MOST_MB
