"""Whatever stands after --set, a valid recipe or one short sentence comes of it."""

import io
from typing import get_args

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from segcore.cli.options import SETS
from segcore.errors import LONGEST, SegdeckError
from segcore.recipe import Recipe, change_recipe, parse_recipe, ready_recipes
from tests.cli.inside import answer, assert_one_short_line, refusal

READY = ready_recipes()
PLACES = ["title", "segmenter", "overlay", "refinement", "segmenter.method", "segmenter.source.method", "overlay.kind"]
PLACES += ["segmenter.ranges.0.low", "segmenter.ranges.3.name", "segmenter.ranges.9", "segmenter.cuts.0", "", "..", "a"]
PLACES += [f"{name.partition('.')[0]}.{field}" for name, options in SETS.items() for field in options.model_fields]
VALUES = [
    "[1,2]",
    "1" * 5000,
    "-" + "1" * 5000,
    "0x" + "f" * 5000,
    "[" * 3000,
    "{a=" * 3000,
    "a." * 5000,
    "x" * 100_000,
]
VALUES += [
    "{}",
    "{0}",
    "{msg}",
    "{a={b=[1]}}",
    "[]",
    "[[0,0,0]]",
    "nan",
    "-inf",
    "1e999",
    "1979-05-27",
    "true",
    "\n",
    '"\n',
]
VALUES += [
    '"',
    "'",
    '"""',
    "\\",
    "\x1b[31m",
    "\ud800",
    "\u202e",
    "1\ny=2",
    "1\n[overlay]",
    "#ff0000",
    "../x",
    "/etc/passwd",
]
VALUES += [
    "data:image/png;base64,AAAA",
    "data:image/png;base64," + "A" * 50_000,
    "[0,0,100]",
    "0.5",
    "3",
    "",
    "%s",
    "é",
]
VALUES += [value for options in SETS.values() for field in options.model_fields.values() for value in get_args(field)]
VALUES += [name.partition(".")[2] for name in SETS]


@st.composite
def changes(draw: st.DrawFn) -> str:
    """A change that is right, or wrong in one of many ways: often right but for a character or two."""
    change = draw(st.sampled_from(PLACES)) + draw(st.sampled_from(["=", "=", "=", " = ", "", "=="]))
    change += draw(st.sampled_from(VALUES) | st.text(max_size=20) | st.floats().map(str) | st.integers().map(str))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2, 5]))):
        place = draw(st.integers(0, min(len(change), 60)))
        more = draw(
            st.sampled_from(["", ".", "=", "[", "]", '"', "0", "-1", "x", " ", "\n", "{", "}", "²"]) | st.text()
        )
        change = change[:place] + more + change[place + draw(st.integers(0, 2)) :]
    return change


@settings(max_examples=400)
@given(st.sampled_from(sorted(READY)), st.lists(changes(), min_size=1, max_size=3))
def test_a_change_gives_a_valid_recipe_or_a_sentence(name: str, several: list[str]) -> None:
    try:
        changed = change_recipe(READY[name], several)
    except SegdeckError as error:
        assert_one_short_line(str(error), LONGEST)
    else:
        assert isinstance(changed, Recipe)
        assert parse_recipe(changed.to_toml()).to_toml() == changed.to_toml()


@settings(max_examples=100)
@given(st.sampled_from(sorted(READY)), changes())
def test_the_command_line_answers_in_a_line(name: str, change: str) -> None:
    """The photo is not there, so that a change that is right ends with a sentence, too."""
    refusal("segment", "none.png", "out.png", "--recipe", name, "--set", change)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["segment", "models", "options", "recipes", "show", "--set", "--port"]) | st.text()))
def test_wrong_usage_is_answered_in_a_line(arguments: list[str]) -> None:
    refusal("segment", "x" * 50_000, *arguments, "--label")


@pytest.mark.parametrize("long", ["x" * 100_000, "a\nb" * 30_000, "/" + "d/" * 50_000, "\x1b" * 50_000])
def test_nothing_long_is_repeated_whole(long: str) -> None:
    for arguments in (
        [long],
        ["models", long],
        ["models", "install", long],
        ["models", "add", long],
        ["options", long],
        ["recipes", "show", long],
        ["run", "--port", long],
        ["run", f"--{long}"],
        ["segment", long, "out.png"],
        ["segment", "in.png", long],
        ["segment", "in.png", "out.png", "--recipe", long],
        ["segment", "in.png", "out.png", "--set", long],
        ["process", long, "out.mp4"],
        ["evaluate", long, long, "--recipe", "find_colors"],
    ):
        refusal(*arguments)


def test_what_goes_wrong_inside_is_one_line_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    code, said = answer("recipes", "show", "find_colors", out=closed)
    assert code == 2
    assert said == "segdeck: something went wrong inside Segdeck (ValueError); SEGDECK_DEBUG=1 shows the details.\n"
    monkeypatch.setenv("SEGDECK_DEBUG", "1")
    with pytest.raises(ValueError, match="closed file"):
        answer("recipes", "show", "find_colors", out=closed)
