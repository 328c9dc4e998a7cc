import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from pydantic import ValidationError

from segcore.marks import Stroke
from segcore.methods import METHODS
from segcore.methods.color_range import CHANNELS, ColorRange, ColorRangeOptions
from segcore.methods.grab import GrabOptions
from segcore.methods.network import NetworkOptions
from segcore.methods.objects import ObjectsOptions
from segcore.networks.card import CardLabel
from segcore.overlays.background import embed_picture
from segcore.overlays.mask import BareMask
from segcore.overlays.outline import Outline
from segcore.overlays.replace import Replace
from segcore.recipe import Recipe, change_recipe, load_recipe, parse_recipe, ready_recipes, start_with
from segcore.refinement import Refinement
from tests.conftest import noise
from tests.overlays.test_overlays import OVERLAY
from tests.plain import refused

START = 'title="x"\n[segmenter]\nmethod="network"\n'
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


@st.composite
def color_options(draw):
    space = draw(st.sampled_from(sorted(CHANNELS)))
    ranges = []
    for name in draw(st.lists(TEXT.filter(bool), min_size=1, max_size=4, unique=True)):
        ends = [sorted(draw(st.tuples(*[st.integers(0, channel.highest)] * 2))) for channel in CHANNELS[space]]
        if CHANNELS[space][0].wraps and draw(st.booleans()):
            ends[0].reverse()
        low, high = zip(*ends, strict=True)
        ranges.append(ColorRange(name=name, low=low, high=high))
    return ColorRangeOptions(space=space, ranges=ranges)


RECIPES = st.builds(
    Recipe,
    title=TEXT.filter(bool),
    summary=TEXT,
    icon=TEXT,
    segmenter=color_options() | st.builds(NetworkOptions, model=st.from_regex("[a-z0-9_]+", fullmatch=True)),
    overlay=OVERLAY,
)


@given(RECIPES)
def test_a_recipe_survives_the_way_through_toml(recipe):
    assert parse_recipe(recipe.to_toml()) == recipe


@pytest.mark.parametrize("name", ready_recipes())
def test_a_ready_recipe_loads_and_survives_the_way_through_toml(name):
    recipe = load_recipe(name)
    assert parse_recipe(recipe.to_toml()) == recipe
    assert recipe.summary
    assert recipe.icon


def test_ready_recipes_have_titles_of_their_own():
    titles = [recipe.title for recipe in ready_recipes().values()]
    assert len(set(titles)) == len(titles) >= 12


def test_a_recipe_is_loaded_from_a_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(ready_recipes()["find_colors"].to_toml(), "utf-8")
    assert load_recipe(path) == load_recipe(str(path)) == ready_recipes()["find_colors"]


def full_strokes(value):
    return tuple(Stroke(points=((value, value),) * 1000) for _ in range(100))


@pytest.mark.parametrize(
    ("segmenter", "overlay"),
    [
        (GrabOptions(strokes=full_strokes(0.12345678901234567)), Replace(picture=embed_picture(noise(1920, 1600)))),
        (ObjectsOptions(source=GrabOptions(strokes=full_strokes(1.2345678901234567e-05))), BareMask()),
        (
            NetworkOptions(
                classes=[f"{number:03}" + "\1" * 37 for number in range(254)],
                colors=[CardLabel(name="\1" * 40, color="#000000")] * 254,
            ),
            BareMask(),
        ),
    ],
    ids=["strokes and a picture", "strokes of objects", "classes and colours"],
)
def test_the_largest_recipe_there_can_be_is_read_back(segmenter, overlay):
    recipe = Recipe(title="\1" * 60, summary="\1" * 200, icon="\1" * 40, segmenter=segmenter, overlay=overlay)
    assert parse_recipe(recipe.to_toml()) == recipe


@pytest.mark.parametrize("point", ["[2,2]", "[true,{}]", "['a','b']"])
def test_thousands_of_wrong_values_are_refused_at_the_first(point, monkeypatch):
    seen = []
    errors = ValidationError.errors
    monkeypatch.setattr(ValidationError, "errors", lambda self, **_: seen.append(self.error_count()) or errors(self))
    strokes = f"{{points=[{f'{point},' * 200}]}}," * 99
    with refused("segmenter.strokes.0.points.0."):
        parse_recipe(START.replace("network", "grab") + f'strokes=[{strokes}]\n[overlay]\nkind="mask"')
    assert max(seen) < 10


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (START + '[overlay]\nkind="tint"\nstrength=3', ("overlay.strength", "3", "number from 0 to 1")),
        (START + '[overlay]\nkind="tint"\nstrength=nan', ("overlay.strength", "nan", "number from 0 to 1")),
        (START + '[overlay]\nkind="tint"\nstrength="much"', ("overlay.strength", "'much'", "number from 0 to 1")),
        (START + '[overlay]\nkind="outline"\nwidth_px=0', ("overlay.width_px", "0", "whole number from 1 to 20")),
        (START + '[overlay]\nkind="blur"\nstrength_percent=11', ("overlay.strength_percent", "11", "1 to 10")),
        (START + '[overlay]\nkind="cut_out"\ncolor="red"', ("overlay.color", "'red'", "a colour such as #ff3b30")),
        (START + '[overlay]\nkind="cut_out"\ncolor="#ff3b30\\n"', ("overlay.color", "a colour such as")),
        (START + '[overlay]\nkind="glow"', ("overlay.kind", "'glow'", "blur, replace, cut_out")),
        (START + "[overlay]\n", ("overlay.kind", "blur, replace, cut_out")),
        (START + '[overlay]\nkind="mask"\nglow=1', ("overlay.glow", "no such field")),
        (START + '[overlay]\nkind="tint"\nstrenght=1', ("overlay.strenght", "no such field; did you mean strength?")),
        (START + '[overlay]\nkind="mask"\n"a\\nb"=1', ("no such field",)),
        (START, ("overlay", "missing")),
        ('overlay=3\n' + START, ("overlay", "3", "table")),
        ('colour=3\n' + START + '[overlay]\nkind="mask"', ("colour", "no such field")),
        (START.replace("network", "magic") + '[overlay]\nkind="mask"', ("segmenter.method", "'magic'", "color_range")),
        (START + 'model="../x"\n[overlay]\nkind="mask"', ("segmenter.model", "small letters")),
        (START.replace('"x"', '""') + '[overlay]\nkind="mask"', ("title", "empty")),
        (START.replace('"x"', f'"{"x" * 61}"') + '[overlay]\nkind="mask"', ("title", "at most 60")),
        (START.replace('"x"', "7") + '[overlay]\nkind="mask"', ("title", "7", "text")),
        (START + f'[overlay]\nkind="tint"\nstrength=0x{"f" * 5000}', ("overlay.strength", "0 to 1")),
        (START + "[overlay", ("not valid TOML", "end of document")),
        ("x = " + "[" * 9000, ("too many brackets in each other", "at most 16")),
        ("x = " + "1" * 5000, ("not valid TOML",)),
        ("\0\x01", ("not valid TOML",)),
    ],
)  # fmt: skip
def test_a_wrong_recipe_is_refused_in_one_sentence(text, parts):
    with refused(*parts):
        parse_recipe(text)


@given(st.text(max_size=60) | st.from_regex(r"\[?[a-z]{1,3}\]?( = [\[{\"'0-9a-z.-]*)?\n.*", fullmatch=True))
def test_no_text_gets_through_as_anything_but_a_plain_refusal(text):
    with refused():
        parse_recipe(text)


@pytest.mark.parametrize(
    "picture",
    [
        "/etc/passwd",
        "../x.jpg",
        "C:\\\\x.png",
        "file:///etc/passwd",
        "http://127.0.0.1/x.png",
        "studio.jpg",
        "../backgrounds/studio",
        "",
    ],
)
def test_a_background_is_never_a_path(picture):
    with refused("overlay.picture", "city_lights, studio, sunset", "a path is not accepted"):
        parse_recipe(START + f'[overlay]\nkind="replace"\npicture="{picture}"')


def test_a_background_may_be_embedded():
    overlay = Replace(picture=embed_picture(np.full((32, 32, 3), 90, np.uint8)))
    recipe = ready_recipes()["new_background"].model_copy(update={"overlay": overlay})
    assert parse_recipe(recipe.to_toml()) == recipe


@pytest.mark.parametrize(
    ("picture", "part"),
    [
        ("data:image/png;base64,####", "not valid base64"),
        ("data:image/png;base64,\u00e9", "not valid base64"),
        ("data:image/png;base64,", "not a photo"),
        ("data:image/png;base64,aGVsbG8=", "not a photo"),
        ("data:image/svg+xml,<svg/>", "not a photo"),
        (embed_picture(noise(64, 64))[:2023], "damaged"),
        ("data:image/png;base64," + "A" * 8_000_000, "at most 8,000,000 characters"),
    ],
    ids=["not base64", "not ascii", "empty", "no picture", "svg", "cut off", "large"],
)
def test_a_damaged_embedded_picture_is_refused(picture, part):
    with refused("overlay.picture", part):
        parse_recipe(START + f'[overlay]\nkind="replace"\npicture="{picture}"')


def test_a_recipe_that_is_not_there_or_not_text_is_refused(tmp_path):
    with refused("'sepia'", "blur_my_background"):
        load_recipe("sepia")
    path = tmp_path / "picture.toml"
    path.write_bytes(b"\x89PNG\xff")
    with refused("not a text file"):
        load_recipe(path)


def test_options_of_another_sort_are_refused():
    with pytest.raises(ValueError, match="table"):
        Recipe(title="x", segmenter=Replace(), overlay=NetworkOptions())


def test_a_recipe_does_not_change():
    recipe = ready_recipes()["silhouette"]
    with pytest.raises(ValueError, match="frozen"):
        recipe.title = "Mine"


def test_values_can_be_changed_by_their_place():
    recipe = ready_recipes()["cut_me_out"]
    changed = change_recipe(recipe, ["refinement.fill_holes=true", "overlay.color = #ABCDEF", 'title="Mine"'])
    color = changed.overlay.color  # type: ignore[attr-defined]
    assert (changed.refinement.fill_holes, color, changed.title) == (True, "#abcdef", "Mine")
    assert changed.segmenter == recipe.segmenter
    assert change_recipe(recipe, []) == recipe


def test_another_method_or_overlay_starts_with_its_defaults():
    recipe = ready_recipes()["cut_me_out"]
    changed = change_recipe(recipe, ["overlay.kind=tint", "overlay.strength=0.9"])
    assert changed.overlay.model_dump() == {"kind": "tint", "strength": 0.9}
    assert change_recipe(recipe, ["overlay.kind=cut_out"]) == recipe, "it is the same, so nothing starts anew"


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ("fill_holes", ("no change", "refinement.fill_holes=true")),
        ("=3", ("no change",)),
        ("refinement.fill=true", ("refinement.fill", "no such field")),
        ("refinement.smoothing.more=1", ("refinement.smoothing.more", "no such field")),
        ("overlay.kind=sepia", ("overlay.kind", "'sepia'", "one of")),
        ("refinement.smoothing=3", ("refinement.smoothing", "3 is not allowed", "a number from 0")),
        ("refinemnt.smoothing=1", ("refinemnt", "no such field; did you mean refinement?")),
        ("refinement.smothing=1", ("refinement.smothing", "no such field; did you mean smoothing?")),
        ("title.0=x", ("title.0", "no such field")),
        ("segmenter.classes.0=hair", ("segmenter.classes.0: there is no entry '0'; it is an empty list.",)),
        ("segmenter.method=[1,2]", ("segmenter.method", "it must be one of")),
        ("overlay.kind={a=1}", ("overlay.kind", "it must be one of")),
        ("refinement.smoothing=" + "1" * 5000, ("refinement.smoothing: it must be a number from 0",)),
        ("refinement.smoothing=" + "[" * 3000, ("refinement.smoothing: it must be a number from 0",)),
        ("title=" + "x" * 100_000, ("title: it must have at most 60 characters",)),
        ("refinement.smoothing=1\noverlay=2", ("refinement.smoothing", "a number from 0")),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(change, parts):
    with refused(*parts):
        change_recipe(ready_recipes()["cut_me_out"], [change])


def test_an_entry_of_a_list_is_changed_by_its_number():
    recipe = ready_recipes()["find_colors"]
    changed = change_recipe(recipe, ["segmenter.ranges.0.low=[0,0,100]", "segmenter.ranges.1.name=sun"])
    assert changed.segmenter.ranges[0] == recipe.segmenter.ranges[0].model_copy(update={"low": (0, 0, 100)})  # type: ignore[attr-defined]
    assert changed.segmenter.ranges[1].name == "sun"  # type: ignore[attr-defined]
    assert change_recipe(recipe, ["segmenter.ranges.0.low.2=99"]).segmenter.ranges[0].low[2] == 99  # type: ignore[attr-defined]
    for wrong in ("9", "-1", "first", "²", "1" * 5000):
        with refused("segmenter.ranges.", "there is no entry", "0 to 3 are there."):
            change_recipe(recipe, [f"segmenter.ranges.{wrong}.low=[0,0,100]"])


def test_what_chooses_options_counts_before_them_and_brings_their_lists():
    changed = change_recipe(
        ready_recipes()["count_red_things"],
        [
            "segmenter.source.cuts.0=7",
            "overlay.width_px=9",
            "overlay.kind=outline",
            "segmenter.source.method=threshold",
        ],
    )
    assert changed.segmenter.source.cuts[0] == 7  # type: ignore[attr-defined]
    assert changed.overlay == Outline(width_px=9)


def test_a_new_method_starts_with_what_shows_it_well():
    """Else the old method's look and refinement could hide all that the new one finds."""
    blurred = ready_recipes()["blur_my_background"]
    changed = change_recipe(blurred, ["segmenter.show=regions", "segmenter.method=edges"])
    shows_it = ready_recipes()["trace_the_edges"]
    assert (changed.overlay, changed.refinement, changed.title) == (shows_it.overlay, Refinement(), blurred.title)
    assert changed.segmenter.show == "regions"  # type: ignore[attr-defined]
    assert change_recipe(blurred, ["overlay.kind=mask", "segmenter.method=edges"]).overlay.kind == "mask"


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_start(method):
    assert start_with(method).segmenter.method == method


@pytest.mark.parametrize(
    ("icon", "kept"), [("grass", "grass"), ("3d_rotation", "3d_rotation"), ("Face", ""), ("a: ![x](y)", "")]
)
def test_an_icon_is_a_symbols_name_or_none(icon: str, kept: str) -> None:
    plain = next(iter(ready_recipes().values())).model_dump()
    assert Recipe.model_validate(plain | {"icon": icon}).icon == kept
