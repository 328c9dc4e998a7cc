from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from segcore.methods import METHODS
from segcore.options import HexColor, Options, bounds, explain, like, unit
from segcore.overlay import OVERLAYS
from tests.plain import refused


class Example(Options):
    many: int = Field(default=1, ge=1, le=9)
    share: Annotated[float, Field(ge=0, le=1)] = 0
    word: Annotated[str, like("[a-z]+", "a word of small letters")] = "a"


def read(**values):
    try:
        return Example.model_validate(values)
    except ValidationError as error:
        raise explain(error) from None


def test_bounds_are_a_fields_two_ends():
    fields = Example.model_fields
    assert [bounds(fields[name]) for name in ("many", "share", "word")] == [(1, 9), (0, 1), None]


def test_a_unit_and_a_step():
    assert unit("px") == {"unit": "px", "step": 1}


def test_a_missed_range_is_told_with_both_ends():
    with refused("many: 10 is not allowed: it must be a whole number from 1 to 9."):
        read(many=10)
    with refused("share: -0.1 is not allowed: it must be a number from 0 to 1."):
        read(share=-0.1)


def test_a_pattern_is_told_in_words():
    for value in ("A", "a ", ""):
        with refused(f"word: {value!r} is not allowed: it must be a word of small letters."):
            read(word=value)


@pytest.mark.parametrize(
    "value",
    ["/home/anna/me.png", "C:\\me.png", "X" * 61, 10**5000, {"a": 1}],
    ids=["path", "windows", "long", "digits", "table"],
)
def test_a_path_and_what_is_long_is_not_repeated(value):
    with refused("word: it must be "):
        read(word=value)


def test_a_color_becomes_small_letters():
    assert TypeAdapter(HexColor).validate_python("#FF3b30") == "#ff3b30"


@pytest.mark.parametrize("options", [*METHODS.values(), *OVERLAYS.values()], ids=lambda options: options.__name__)
def test_every_field_that_people_set_has_a_name_and_one_line_of_help(options):
    assert options.title
    for name, field in options.model_fields.items():
        if name not in ("method", "kind"):
            assert field.title, name
            assert field.description, name
            assert field.description.splitlines() == [field.description]
