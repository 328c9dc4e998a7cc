import itertools
from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from segcore.methods import METHODS
from segcore.methods.color_range import ColorRange
from segcore.methods.network import NetworkOptions
from segcore.networks.card import ModelCard
from segcore.options import HexColor, Options, bounds, explain, like, unit
from segcore.overlays import OVERLAYS
from segcore.overlays.replace import Replace
from segcore.recipe import Recipe
from segcore.refinement import Refinement
from tests.plain import refused


def every_set_of_options(above: type[Options] = Options) -> list[type[Options]]:
    below = [options for options in above.__subclasses__() if options.__module__.startswith("segcore.")]
    return [*below, *itertools.chain.from_iterable(map(every_set_of_options, below))]


def unbounded(schema: object) -> list[str]:
    """What may hold any number of values, or goes on after the first wrong one, anywhere in pydantic's schema."""
    if isinstance(schema, list | tuple):
        return [*itertools.chain.from_iterable(map(unbounded, schema))]
    if not isinstance(schema, dict):
        return []
    kind = str(schema.get("type"))
    many = kind in ("list", "set", "frozenset", "dict", "generator") or (
        kind == "tuple" and "variadic_item_index" in schema
    )
    bounded = "max_length" in schema and (kind == "dict" or schema.get("fail_fast"))
    return ([kind] if many and not bounded else []) + unbounded(list(schema.values()))


class Example(Options):
    many: int = Field(default=1, ge=1, le=9)
    share: Annotated[float, Field(ge=0, le=1)] = 0
    text: str = ""
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


@pytest.mark.parametrize("options", every_set_of_options(), ids=lambda options: options.__name__)
def test_no_field_takes_a_list_or_a_text_of_any_length(options):
    assert unbounded(options.__pydantic_core_schema__) == []
    assert options.model_config["str_max_length"] == 500


def test_an_unbounded_field_would_be_found():
    class Careless(Example):
        names: tuple[str, ...] = ()
        pairs: dict[str, tuple[int, int]] = {}  # noqa: RUF012

    assert unbounded(Careless.__pydantic_core_schema__) == ["tuple", "dict"]
    assert {NetworkOptions, ModelCard, ColorRange, Recipe, Replace, Refinement} < set(every_set_of_options())


def test_a_text_is_short_unless_its_field_says_otherwise():
    with refused("text: it must have at most 500 characters."):
        read(text="x" * 501)


def test_an_unknown_field_is_told_with_the_one_that_was_meant():
    with refused("wrod: there is no such field; did you mean word?"):
        read(wrod="a")
    with refused("zzz: there is no such field."):
        read(zzz=1)
    with refused("'{0} {msg}': there is no such field."):
        read(**{"{0} {msg}": 1})


@pytest.mark.parametrize("value", ["{}", "{0}", "{words}", "{msg}", "%s", "\ud800", "1" * 5000])
def test_what_a_value_holds_is_not_taken_for_a_form(value):
    for name in ("word", "many", "share", "text"):
        with refused(f"{name}: "):
            read(**{name: value} if name != "text" else {name: value * 501})


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
