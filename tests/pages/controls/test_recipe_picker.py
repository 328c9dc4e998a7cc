import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.controls.recipe_in_use import RecipeInUse
from pages.shared.plain_text import plain
from segcore.files.toml_text import LARGEST_MB
from segcore.overlays import OVERLAYS
from segcore.picture.photo import write_png
from segcore.recipe import Recipe, ready_recipes
from tests.conftest import noise
from tests.pages.conftest import Open, go, kept, send
from tests.pages.reading import find, labels, pick, press, put, upload

READY = ready_recipes()
OWN = READY["color_pop_red"].model_copy(update={"title": "My reds", "summary": "All that is red here.", "icon": ""})


def recipe(app: AppTest) -> Recipe:
    return kept(app, RecipeInUse).now


def test_a_new_visitor_starts_with_a_blurred_background(visit: Open) -> None:
    app = visit("live")
    assert recipe(app) == READY["blur_my_background"]
    assert app.pills[0].value == "Blur my background"
    assert "Undo my changes" not in labels(app, "button")


def test_every_ready_recipe_is_one_click(visit: Open) -> None:
    app = visit("live")
    for wanted in READY.values():
        pick(app, wanted.title)
        assert recipe(app) == wanted
        assert app.pills[0].value == wanted.title
        assert wanted.summary in [line.value for line in app.caption]


def test_fine_tuning_and_undo(visit: Open) -> None:
    app = put(visit("live"), "slider", "Blur (%)", 8.5)
    assert recipe(app).overlay.strength_percent == 8.5
    assert app.pills[0].value == "Blur my background"
    press(app, "Undo my changes")
    assert recipe(app) == READY["blur_my_background"]
    assert find(app, "slider", "Blur (%)").value == 4
    put(app, "slider", "Blur (%)", 8.5)
    put(app, "slider", "Blur (%)", 4.0)
    assert "Undo my changes" not in labels(app, "button")


def test_undo_of_ranges_leaves_nothing_stale(visit: Open) -> None:
    app = pick(visit("live"), "Find the colours")
    before = len(app.session_state.to_dict())
    for _ in range(3):
        put(app, "text_input", "Name", "rot")
        press(app, "Remove", 1)
        press(app, "Add a colour")
        press(app, "Find this colour", 2)
        press(app, "Undo my changes")
        assert recipe(app) == READY["find_colors"]
        assert [one.value for one in app.text_input] == ["red", "yellow", "green", "blue"]
    assert len(app.session_state.to_dict()) == before


def test_undo_takes_one_change_back(visit: Open) -> None:
    app = put(pick(visit("live"), "Colour pop: red"), "slider", "Hue from", 90)
    press(app, "Undo my changes")
    assert recipe(app) == READY["color_pop_red"]
    assert find(app, "slider", "Hue from").value == 172


def test_clicking_the_chosen_recipe_again_loses_nothing(visit: Open) -> None:
    app = put(visit("live"), "slider", "Blur (%)", 8.5)
    pick(app, None)
    assert recipe(app).overlay.strength_percent == 8.5
    assert app.pills[0].value == "Blur my background"


def test_the_recipe_is_the_same_on_every_page(visit: Open) -> None:
    app = put(pick(visit("live"), "Colour pop: red"), "slider", "Hue from", 90)
    photo = photo_with(go(app, "photo"))
    assert find(photo, "slider", "Hue from").value == 90
    assert photo.pills[0].value == "Colour pop: red"
    put(photo, "slider", "Hue from", 20)
    press(photo, "Add a colour")
    live = go(photo, "live")
    assert recipe(live).segmenter.ranges[0].low[0] == 20
    assert [one.value for one in live.text_input] == ["red", "colour 2"]
    assert find(live, "slider", "Hue from").value == 20


def photo_with(app: AppTest) -> AppTest:
    return send(app, "photo", ("a.png", write_png(noise(40, 60))))


def test_own_recipe_is_opened(visit: Open) -> None:
    app = upload(visit("live"), "Open a recipe", "mine.toml", OWN.to_toml().encode())
    assert recipe(app) == OWN
    assert app.pills[0].value is None
    assert not app.error
    assert "All that is red here." in [line.value for line in app.caption]
    put(app, "slider", "Hue from", 90)
    press(app, "Undo my changes")
    assert recipe(app) == OWN


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (READY["blur_my_background"].to_toml().replace("4.0", "40.0"), "overlay.strength_percent: 40.0 is not allowed"),
        (READY["new_background"].to_toml().replace("sunset", "/etc/passwd"), "a path is not accepted"),
        (READY["new_background"].to_toml().replace("sunset", "../a.jpg"), "a path is not accepted"),
        (OWN.to_toml() + "colour = 1\n", "there is no such field"),
        ("nonsense", "not valid TOML"),
        ("", "is missing"),
        ("\x00\xff", "not valid TOML"),
    ],
)
def test_wrong_recipe_is_said_and_not_taken(visit: Open, content: str, said: str) -> None:
    app = put(visit("live"), "slider", "Blur (%)", 8.5)
    before = recipe(app)
    # "read" would take a field's name for jargon; in a recipe file it is what one looks for
    app.file_uploader[0].set_value(("mine.toml", content.encode("latin-1"), "application/toml"))
    app.run()
    assert not app.exception
    assert plain(said) in app.error[0].value
    assert "etc" not in app.error[0].value
    assert recipe(app) == before
    upload(app, "Open a recipe", "mine.toml", OWN.to_toml().encode())
    assert not app.error
    assert recipe(app) == OWN


def test_no_larger_recipe_is_taken_from_the_browser_than_is_read(visit: Open) -> None:
    opener = next(one for one in visit("live").file_uploader if one.label == "Open a recipe")
    assert opener.proto.max_upload_size_mb == LARGEST_MB


def test_a_wrong_recipe_is_forgotten_with_its_file(visit: Open) -> None:
    app = upload(pick(visit("live"), "Colour pop: red"), "Open a recipe", "mine.toml", b"nonsense")
    assert app.error
    assert not go(app, "photo").error
    app = go(app, "live")
    assert not app.error
    upload(app, "Open a recipe", "mine.toml", b"nonsense")
    app.file_uploader[0].clear()
    assert not app.run().error


def test_saved_recipe_opens_again(visit: Open) -> None:
    app = put(visit("live"), "selectbox", "Show as", "replace")
    saved = recipe(app)
    assert saved.overlay == OVERLAYS["replace"]()
    again = upload(visit("live"), "Open a recipe", "mine.toml", saved.to_toml().encode())
    assert recipe(again) == saved


@pytest.mark.parametrize("page", ["live", "photo", "video"])
def test_every_page_comes_up(visit: Open, page: str) -> None:
    app = visit(page)
    assert app.title[0].value == page.capitalize()


@pytest.mark.usefixtures("models_dir")
@pytest.mark.parametrize("page", ["live", "photo"])
def test_without_weights_pages_say_so(visit: Open, page: str) -> None:
    app = visit(page)
    if page == "photo":
        app = photo_with(app)
    assert app.error
    pick(app, "Colour pop: red")
    assert not app.error


def test_photo_page_gives_all_four_files(visit: Open) -> None:
    app = pick(photo_with(visit("photo")), "Colour pop: red")
    assert {"Result", "Cut-out", "Mask", "Recipe"} <= set(labels(app, "download_button"))
    send(app, "photo", ("a.png", b"no photo"))
    assert app.error
