"""What pages show of pictures and names, without a browser."""

import io

import hypothesis.strategies as st
import numpy as np
import PIL.Image
import pytest
from hypothesis import example, given

from pages.shared.desk.show import smaller
from pages.shared.plain_text import plain
from tests.hostile import names, shown

SIDE = st.sampled_from([1, 2, 15, 16, 17, 1279, 1280, 1281, 5120, 5121, 16_383, 65_535, 70_000])


@given(SIDE, st.integers(1, 40), st.booleans())
@example(70_000, 16, True)
@example(70_000, 16, False)
def test_a_picture_of_any_shape_fits_a_page(long: int, short: int, upright: bool) -> None:
    height, width = (long, short) if upright else (short, long)
    picture = smaller(np.zeros((height, width, 3), np.uint8))
    assert 1 <= picture.shape[1] <= 1280
    assert 1 <= picture.shape[0] <= 5120
    file = io.BytesIO()
    PIL.Image.fromarray(picture).save(file, "JPEG")
    assert file.tell()


def test_a_small_picture_is_left_alone() -> None:
    picture = np.zeros((720, 1280, 3), np.uint8)
    assert smaller(picture) is picture


@pytest.mark.parametrize("name", names(50))
def test_a_name_is_one_line_and_keeps_its_characters(name: str) -> None:
    text = plain(name)
    assert "\n" not in text
    assert text.replace("\\", "").replace("\u2060", "") == shown(name).replace("\\", "")


@pytest.mark.parametrize("name", ["red", "Füße", "potted plant", "What moves, and where", "5 %", "a-b (c)"])
def test_a_harmless_name_is_left_alone(name: str) -> None:
    assert plain(name) == name
