import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.controls.recipe_in_use import RecipeInUse
from segcore.marks import Stroke
from segcore.methods.grab import GrabOptions
from segcore.picture.photo import write_png
from segcore.recipe import Recipe, ready_recipes
from tests.conftest import noise
from tests.pages.conftest import Open, kept, send
from tests.pages.reading import find, pick, put, read

ODD = GrabOptions(box=(0.1234, 0.2, 0.4321, 0.60009), strokes=(Stroke(points=((0.3, 0.4),)),))
MARK = "Cut out what I mark"


def _show() -> None:
    import streamlit as st

    from pages.shared.controls.form import edit

    st.session_state["given"] = edit(st.session_state["given"], "form")


def shown(options: GrabOptions) -> AppTest:
    app = AppTest.from_function(_show, default_timeout=20)
    app.session_state["given"] = options
    return read(app.run())


@pytest.mark.parametrize("options", [GrabOptions(), ODD, GrabOptions(box=(0, 0, 1, 1)), GrabOptions(box=(1, 1, 1, 1))])
def test_untouched_sliders_change_no_box(options: GrabOptions) -> None:
    app = shown(options)
    assert app.session_state["given"] == options
    assert read(app.run()).session_state["given"] == options


def test_a_slider_sets_its_side_and_keeps_the_rest() -> None:
    app = shown(ODD)
    put(app, "slider", "From left to right (%)", (12, 90))
    changed = app.session_state["given"]
    assert changed.box == pytest.approx((0.12, 0.2, 0.78, 0.60009))
    assert changed.strokes == ODD.strokes
    put(app, "slider", "From top to bottom (%)", (0, 50))
    assert app.session_state["given"].box == pytest.approx((0.12, 0, 0.78, 0.5))
    put(app, "slider", "Rounds", 5)
    assert app.session_state["given"].iterations == 5


def test_sliders_follow_what_is_drawn() -> None:
    app = shown(ODD)
    put(app, "slider", "From left to right (%)", (12, 90))
    app.session_state["given"] = GrabOptions(box=(0.3, 0.1, 0.2, 0.2))
    kept(app, RecipeInUse).drawings = 1
    read(app.run())
    assert find(app, "slider", "From left to right (%)").value == (30, 50)
    assert app.session_state["given"].box == (0.3, 0.1, 0.2, 0.2)


def test_a_photo_is_drawn_on_only_where_an_object_is_marked(visit: Open) -> None:
    app = visit("photo")
    send(app, "photo", ("a.png", write_png(noise(60, 80))))
    before = len(app.get("bidi_component"))
    pick(app, MARK)
    assert len(app.get("bidi_component")) == before + 1


def _draw(recipe: "Recipe", turn: int, box: list[float], strokes: list[dict[str, object]]) -> None:
    from pages.shared.controls.recipe_in_use import recipe_in_use
    from pages.shared.drawing import surface

    recipe_in_use().start_from(recipe)
    surface._take(turn, box, strokes)


def drawn(name: str, **marks: object) -> RecipeInUse:
    """Return a visitor's recipe after something was drawn while a ready one was chosen."""
    app = AppTest.from_function(_draw, kwargs={"recipe": ready_recipes()[name], **marks}).run()
    return kept(read(app), RecipeInUse)


def test_what_is_drawn_goes_into_the_recipe() -> None:
    marks = {"keep": False, "width": 0.025, "points": [[0.1, 0.2]]}
    mine = drawn("cut_out_what_i_mark", turn=4, box=[0, 0, 0.5, 1], strokes=[marks])
    stroke = Stroke(keep=False, width=0.025, points=((0.1, 0.2),))
    assert mine.now.segmenter == GrabOptions(box=(0, 0, 0.5, 1), strokes=(stroke,))
    assert mine.drawings == 4


def test_what_is_drawn_late_changes_no_other_recipe() -> None:
    mine = drawn("color_pop_red", turn=4, box=[0, 0, 0.5, 1], strokes=[])
    assert (mine.now, mine.drawings) == (ready_recipes()["color_pop_red"], 0)
