from typing import Annotated, Literal

import pytest
from pydantic import Field
from streamlit.testing.v1 import AppTest

from pages.shared.controls import form
from segcore.methods import METHODS
from segcore.methods.color_range import ColorRangeOptions, range_around
from segcore.networks.card import CardLabel
from segcore.options import Options, bounds, called, only_if, unit
from segcore.overlays import OVERLAYS
from segcore.overlays.background import embed_picture
from segcore.picture.photo import write_png
from segcore.recipe import ready_recipes
from segcore.refinement import Refinement
from tests.conftest import WriteCard, noise
from tests.pages.reading import find, labels, put, read, upload

READY = ready_recipes()


class Everything(Options):
    """One field of each sort."""

    count: int = Field(default=3, ge=1, le=9, title="Count", json_schema_extra=unit("px"))
    share: float = Field(default=0.35, ge=0, le=1, title="Share", json_schema_extra=unit("", 0.05))
    on: bool = Field(default=True, title="On")
    color: str = Field(default="#0a0b0c", title="Colour")
    name: str = Field(default="a name", title="Name")
    size: Literal["small", "large"] = Field(default="large", title="Size")
    marks: Annotated[tuple[Annotated[int, Field(ge=0, le=90)], ...], Field(min_length=1, max_length=3)] = Field(
        default=(10, 20), title="Marks"
    )


def _show() -> None:
    import streamlit as st

    from pages.shared.controls.form import edit, edit_recipe
    from segcore.recipe import Recipe

    given = st.session_state["given"]
    change = edit_recipe if isinstance(given, Recipe) else edit
    st.session_state["given"] = st.session_state["told"] = change(given, "form")


def shown(given: object) -> AppTest:
    app = AppTest.from_function(_show, default_timeout=20)
    app.session_state["given"] = given
    return read(app.run())


def colors(space: str) -> ColorRangeOptions:
    ranges = (range_around("red", "#ff0000", 40, space), range_around("dark", "#102030", 90, space))
    return ColorRangeOptions(space=space, ranges=ranges)


@pytest.mark.parametrize(
    "given",
    [
        *READY.values(),
        *(overlay() for overlay in OVERLAYS.values()),
        *map(colors, ("hsv", "bgr", "lab")),
        METHODS["network"](model="selfie_general"),
        METHODS["threshold"](kind="fixed", cuts=(200, 9)),
        OVERLAYS["replace"](picture=embed_picture(noise(20, 30))),
        Everything(),
        Everything(count=9, share=0.0, on=False, color="#ffffff", name="other", size="small", marks=(7,)),
    ],
    ids=lambda given: getattr(given, "title", "?"),
)
def test_untouched_controls_change_nothing(given: Options) -> None:
    app = shown(given)
    assert app.session_state["told"] == given
    app.run()
    assert app.session_state["told"] == given


def test_sliders_have_the_schemas_bounds() -> None:
    for options in (*OVERLAYS.values(), Refinement, Everything):
        app = shown(options())
        for name, field in options.model_fields.items():
            if both := bounds(field):
                slider = next(one for one in app.slider if one.key == f"form-{name}")
                assert (slider.min, slider.max) == both
                assert slider.value == getattr(options(), name)
                assert slider.step == field.json_schema_extra["step"]


def test_changing_the_kind_gives_its_defaults_each_time() -> None:
    app = shown(READY["blur_my_background"])
    for kind in (*OVERLAYS, "blur"):
        put(app, "selectbox", "Show as", kind)
        assert app.session_state["told"].overlay == OVERLAYS[kind]()
    put(app, "slider", "Blur (%)", 9.0)
    assert app.session_state["told"].overlay.strength_percent == 9
    put(app, "selectbox", "Show as", "tint")
    put(app, "selectbox", "Show as", "blur")
    assert app.session_state["told"].overlay == OVERLAYS["blur"]()


def test_changing_the_method_gives_a_ready_start_each_time() -> None:
    app = shown(READY["blur_my_background"])
    first = READY["color_pop_red"].segmenter
    put(app, "selectbox", "Method", "color_range")
    assert app.session_state["told"].segmenter == first
    put(app, "slider", "Saturation", (3, 50))
    assert app.session_state["told"].segmenter.ranges[0].low[1] == 3
    put(app, "selectbox", "Method", "network")
    assert app.session_state["told"].segmenter == METHODS["network"]()
    put(app, "selectbox", "Method", "color_range")
    assert app.session_state["told"].segmenter == first
    assert find(app, "slider", "Saturation").value == (110, 255)


def test_a_new_method_is_shown_as_suits_it() -> None:
    app = shown(READY["blur_my_background"])
    for method, ready in (("edges", "trace_the_edges"), ("objects", "count_red_things"), ("threshold", "poster")):
        put(app, "selectbox", "Method", method)
        told = app.session_state["told"]
        assert (told.overlay, told.refinement) == (READY[ready].overlay, READY[ready].refinement)
        assert find(app, "selectbox", "Show as").value == told.overlay.kind


def test_a_wrong_value_is_said_and_not_taken() -> None:
    class Short(Options):
        name: str = Field(default="ab", max_length=3, title="Name")

    app = put(shown(Short()), "text_input", "Name", "abcd")
    assert "at most 3 characters" in app.warning[0].value
    assert app.session_state["told"] == Short()


def test_a_list_of_numbers_grows_and_shrinks() -> None:
    app = shown(Everything())
    put(app, "slider", "Marks 2", 70)
    put(app, "slider", "Marks: how many", 3)
    assert app.session_state["told"].marks == (10, 70, 80), "a new one starts between the last and the highest"
    put(app, "slider", "Marks: how many", 1)
    assert app.session_state["told"].marks == (10,)
    many = find(app, "slider", "Marks: how many")
    assert (many.min, many.max) == (1, 3)


class Depends(Options):
    """A field that counts with one value of another."""

    sort: Literal["plain", "knn"] = Field(default="plain", title="Sort", json_schema_extra=called(knn="Nearest"))
    many: int = Field(default=3, ge=1, le=9, title="Many", json_schema_extra=unit("") | only_if(sort=("knn",)))


def test_a_field_that_does_not_count_is_hidden_and_keeps_its_value() -> None:
    app = shown(Depends(many=5))
    assert find(app, "selectbox", "Sort").options == ["Plain", "Nearest"]
    assert labels(app, "slider") == []
    put(app, "selectbox", "Sort", "knn")
    assert find(app, "slider", "Many").value == 5
    put(app, "slider", "Many", 7)
    put(app, "selectbox", "Sort", "plain")
    assert (labels(app, "slider"), app.session_state["told"].sort) == ([], "plain")


def test_the_refinement_can_be_set() -> None:
    app = shown(READY["cut_me_out"])
    put(app, "toggle", "Fill holes", not READY["cut_me_out"].refinement.fill_holes)
    assert app.session_state["told"].refinement.fill_holes != READY["cut_me_out"].refinement.fill_holes
    assert app.session_state["told"].overlay == READY["cut_me_out"].overlay


def test_own_background_lasts_while_the_recipe_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(form, "embed_picture", lambda image: calls.append(1) or embed_picture(image))
    app = shown(OVERLAYS["replace"]())
    put(app, "selectbox", "Background", "My own picture")
    assert app.session_state["told"].picture == "studio"
    upload(app, "A picture of yours", "a.png", write_png(noise(40, 60)))
    own = app.session_state["told"].picture
    assert own.startswith("data:image/jpeg;base64,")
    app.run()
    assert len(calls) == 1
    again = shown(app.session_state["told"])  # as on another page: the uploader is empty
    assert find(again, "selectbox", "Background").value == "My own picture"
    assert again.session_state["told"].picture == own
    assert "Your picture is in use" in again.caption[0].value
    upload(again, "A picture of yours", "b.png", b"no picture")
    assert again.warning
    assert again.session_state["told"].picture == own
    put(again, "selectbox", "Background", "sunset")
    assert again.session_state["told"].picture == "sunset"


def test_network_that_is_not_here_is_said(write_card: WriteCard) -> None:
    write_card("leaves")
    app = shown(METHODS["network"](model="leaves"))
    assert app.caption[0].value == "Finds things. It is not installed here yet: see the Models page."
    assert find(app, "selectbox", "Network").options == ["Leaves"]
    other = shown(METHODS["network"](model="unknown"))
    assert find(other, "selectbox", "Network").options == ["Leaves", "Unknown"]
    assert other.session_state["told"].model == "unknown"


THINGS = [{"name": "cup", "color": "#112233"}, {"name": "spoon", "color": "#445566"}]


def test_classes_and_their_colours_are_chosen(write_card: WriteCard) -> None:
    write_card("table", labels=THINGS)
    app = shown(METHODS["network"](model="table"))
    assert app.session_state["told"] == METHODS["network"](model="table")
    put(app, "color_picker", "Colour of cup", "#ff0000")
    assert app.session_state["told"].colors == (CardLabel(name="cup", color="#ff0000"),)
    app.multiselect[0].set_value(["spoon"])
    read(app.run())
    assert app.session_state["told"].classes == ("spoon",)
    assert find(app, "color_picker", "Colour of spoon").value == "#445566"
    put(app, "slider", "Confidence floor", 0.5)
    assert app.session_state["told"].floor == 0.5
    again = shown(app.session_state["told"])
    assert again.session_state["told"] == app.session_state["told"]


def test_another_network_starts_with_all_its_classes(write_card: WriteCard) -> None:
    write_card("table", labels=THINGS)
    write_card("leaves")
    app = shown(METHODS["network"](model="table", classes=("cup",), colors=(CardLabel(name="cup", color="#ff0000"),)))
    put(app, "selectbox", "Network", "leaves")
    assert app.session_state["told"] == METHODS["network"](model="leaves")
    put(app, "selectbox", "Network", "table")
    assert app.session_state["told"] == METHODS["network"](model="table")


def test_a_broken_card_is_no_choice(write_card: WriteCard) -> None:
    write_card("broken", output={"kind": "song"})
    write_card("leaves")
    assert find(shown(METHODS["network"](model="leaves")), "selectbox", "Network").options == ["Leaves"]


def test_every_field_of_every_overlay_has_a_title() -> None:
    for overlay in (*OVERLAYS.values(), *METHODS.values()):
        assert overlay.title
        for name, field in overlay.model_fields.items():
            assert name in ("method", "kind") or field.title, (overlay, name)


def test_recipe_shows_both_choices() -> None:
    app = shown(READY["cut_me_out"])
    assert {"Method", "Show as", "Network"} <= set(labels(app, "selectbox"))
