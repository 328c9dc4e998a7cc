import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.controls import range_editor
from segcore.methods.color_range import ColorRange, ColorRangeOptions, range_around
from segcore.options import bounds
from segcore.recipe import ready_recipes
from tests.pages.controls.test_form import shown
from tests.pages.reading import find, labels, press, put

RED = ready_recipes()["color_pop_red"].segmenter
FOUR = ready_recipes()["find_colors"].segmenter


def ranges(app: AppTest) -> tuple[ColorRange, ...]:
    assert ColorRangeOptions.model_validate(app.session_state["told"].model_dump()) == app.session_state["told"]
    return app.session_state["told"].ranges


def names(app: AppTest) -> list[str]:
    return [one.name for one in ranges(app)]


def test_add_rename_and_remove() -> None:
    app = shown(RED)
    assert "Remove" not in labels(app, "button")
    press(app, "Add a colour")
    press(app, "Add a colour")
    assert names(app) == ["red", "colour 2", "colour 3"]
    put(app, "text_input", "Name", "grass", 1)
    press(app, "Remove")
    assert names(app) == ["grass", "colour 3"]
    assert [one.value for one in app.text_input] == ["grass", "colour 3"]
    press(app, "Add a colour")
    assert names(app) == ["grass", "colour 3", "colour 4"]
    press(app, "Remove", 2)
    press(app, "Remove", 1)
    assert names(app) == ["grass"]
    assert ranges(app)[0] == range_around("grass", "#34c759", 60)


def test_equal_names_are_told_and_nothing_stops() -> None:
    app = put(shown(FOUR), "text_input", "Name", "green")
    assert app.warning[0].value == "Two colours are called “green”; the second one counts as “green 2”."
    assert names(app) == ["green", "yellow", "green 2", "blue"]
    put(app, "slider", "Saturation", (1, 2), 3)
    assert ranges(app)[3].low[1] == 1
    put(app, "text_input", "Name", "leaf", 2)
    assert not app.warning
    assert names(app) == ["green", "yellow", "leaf", "blue"]
    put(app, "text_input", "Name", "  ", 2)
    assert names(app)[2] == "leaf"
    assert app.warning[0].value == "A colour needs a name; it stays “leaf”."


def test_a_name_is_shown_as_it_was_typed() -> None:
    typed = "<b>*x* $1$ :red[a] `c` a:b"
    app = put(shown(RED), "text_input", "Name", typed)
    assert names(app) == [typed]
    assert app.expander[0].label == r"\<b\>\*x\* \$1\$ \:red\[a\] \`c\` a\:b"


def test_long_equal_names_still_fit() -> None:
    app = press(shown(RED), "Add a colour")
    for nth in (0, 1):
        put(app, "text_input", "Name", "x" * 40, nth)
    assert names(app) == ["x" * 40, "x" * 36 + " 2"]


def test_the_list_ends_where_the_schema_says() -> None:
    _, most = bounds(ColorRangeOptions.model_fields["ranges"], "min_length", "max_length")
    assert most == range_editor._MOST
    full = ColorRangeOptions(ranges=tuple(range_around(f"{n}", "#00ff00", 9) for n in range(most)))
    assert find(shown(full), "button", "Add a colour").disabled
    assert not find(shown(RED), "button", "Add a colour").disabled


def test_hue_wraps_through_red() -> None:
    app = shown(RED)
    assert (ranges(app)[0].low[0], ranges(app)[0].high[0]) == (172, 8)
    put(app, "slider", "Hue from", 5)
    assert (ranges(app)[0].low[0], ranges(app)[0].high[0]) == (5, 8)
    put(app, "slider", "Hue from", 179)
    assert (ranges(app)[0].low[0], ranges(app)[0].high[0]) == (179, 8)


@pytest.mark.parametrize("space", ["hsv", "bgr", "lab"])
def test_taken_from_a_colour(space: str) -> None:
    app = put(shown(FOUR), "selectbox", "Colours in numbers as", space)
    put(app, "color_picker", "The colour to find", "#0000ff", 1)
    put(app, "slider", "Tolerance", 20, 1)
    press(app, "Find this colour", 1)
    assert ranges(app)[1] == range_around("yellow", "#0000ff", 20, space)
    assert names(app) == ["red", "yellow", "green", "blue"]
    press(app, "Find this colour", 1)
    assert ranges(app)[1] == range_around("yellow", "#0000ff", 60, space)


def test_another_space_finds_about_the_same_colours() -> None:
    app = put(shown(FOUR), "color_picker", "Shown in", "#000000", 2)
    for space in ("lab", "bgr", "hsv"):
        put(app, "selectbox", "Colours in numbers as", space)
        assert app.session_state["told"].space == space
        assert names(app) == ["red", "yellow", "green", "blue"]
        assert ranges(app)[2].color == "#000000"
    red, _, green, _ = ranges(app)  # not black, in which it is shown
    assert 45 < (green.low[0] + green.high[0]) / 2 < 75
    assert red.low[0] > red.high[0]


def test_what_was_done_in_one_space_lasts_in_another() -> None:
    app = press(shown(RED), "Add a colour")
    put(app, "selectbox", "Colours in numbers as", "lab")
    press(app, "Add a colour")
    put(app, "selectbox", "Colours in numbers as", "hsv")
    assert names(app) == ["red", "colour 2", "colour 3"]


def test_a_newly_added_colour_is_open_and_stays_so() -> None:
    app = press(shown(FOUR), "Add a colour")
    assert [box.proto.expanded for box in app.expander] == [False] * 4 + [True]
    press(app, "Find this colour", 1)
    assert [box.proto.expanded for box in app.expander] == [False, True, False, False, False]


def test_a_run_that_was_cut_short_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = shown(RED)
    monkeypatch.setattr(range_editor, "_names_apart", lambda _: 1 / 0)  # as when a slider moves on meanwhile
    find(app, "slider", "Hue from").set_value(100)
    app.run()
    assert app.exception
    monkeypatch.undo()
    app.run()
    assert ranges(app)[0].low[0] == 100
