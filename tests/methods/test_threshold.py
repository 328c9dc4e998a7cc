from itertools import combinations, pairwise

import cv2
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from segcore.methods.threshold import ThresholdOptions, channel_of, otsu_cuts
from segcore.picture.frame import Frame
from segcore.recipe import parse_recipe
from segcore.segmentation import Label
from tests.conftest import noise
from tests.plain import refused
from tests.streams import Stream

KINDS = ("fixed", "otsu", "triangle", "adaptive_mean", "adaptive_gaussian")
GREYS = st.lists(st.integers(0, 255), min_size=1, max_size=60)


def greys(rows):
    """A BGR picture of these greys."""
    return np.repeat(np.array(rows, np.uint8)[..., None], 3, axis=2)


def label_map(rows, **options):
    return Stream(ThresholdOptions(**options)).segment(greys(rows)).label_map.tolist()


def names(**options):
    return [label.name for label in Stream(ThresholdOptions(**options)).segment(noise(3, 3)).labels]


def histogram_of(values):
    return np.bincount(values, minlength=256).astype(float)


def spread(values, cuts):
    """How far apart the levels' means are, from the definition: each pixel counts with its level's mean."""
    levels = np.digitize(values, cuts, right=True)
    means = [np.mean(values[levels == level]) for level in np.unique(levels)]
    sizes = [np.sum(levels == level) for level in np.unique(levels)]
    return sum(size * (mean - np.mean(values)) ** 2 for size, mean in zip(sizes, means, strict=True))


def test_a_pixel_above_the_cut_is_light_and_one_at_it_is_not():
    assert label_map([[0, 99, 100, 101, 255]], kind="fixed", cuts=(100,)) == [[0, 0, 0, 1, 1]]


def test_each_cut_begins_a_level_in_whichever_order_they_are_given():
    row = [[0, 50, 51, 100, 101, 200, 201, 255]]
    expected = [[0, 0, 1, 1, 2, 2, 3, 3]]
    assert label_map(row, kind="fixed", cuts=(50, 100, 200)) == expected
    assert label_map(row, kind="fixed", cuts=(200, 50, 100)) == expected


@given(GREYS)
def test_two_levels_are_those_of_opencvs_otsu(values):
    expected = cv2.threshold(np.array([values], np.uint8), 0, 1, cv2.THRESH_OTSU)[1]
    assert label_map([values], kind="otsu") == expected.tolist()


@given(GREYS)
def test_no_cut_sets_two_levels_further_apart_than_otsus(values):
    values = np.array(values)
    found = spread(values, otsu_cuts(histogram_of(values), 2))
    assert found == pytest.approx(max(spread(values, [cut]) for cut in range(256)))
    opencv, _ = cv2.threshold(values.astype(np.uint8), 0, 1, cv2.THRESH_OTSU)
    assert found == pytest.approx(spread(values, [opencv]))


@given(st.lists(st.sampled_from(range(0, 256, 15)), min_size=1, max_size=30), st.integers(3, 5))
def test_no_cuts_set_several_levels_further_apart_than_otsus(values, levels):
    values = np.array(values)
    cuts = otsu_cuts(histogram_of(values), levels)
    assert len(cuts) == levels - 1
    assert all(low <= high for low, high in pairwise(cuts))
    best = max(spread(values, choice) for choice in combinations([*np.unique(values), 256, 257, 258], levels - 1))
    assert spread(values, cuts) == pytest.approx(best)


@pytest.mark.parametrize("levels", [3, 4, 5])
def test_as_many_greys_as_levels_are_found_whatever_their_shares(levels):
    drawn = (7, 60, 110, 190, 240)[:levels]
    row = [grey for number, grey in enumerate(drawn) for _ in range(1 + 9 * number)]
    expected = [number for number in range(levels) for _ in range(1 + 9 * number)]
    assert label_map([row], kind="otsu", levels=levels) == [expected]


def test_a_large_pictures_cuts_are_those_of_all_its_rows(astronaut):
    large = cv2.resize(astronaut, (1280, 1280), interpolation=cv2.INTER_CUBIC)
    grey = cv2.cvtColor(large, cv2.COLOR_BGR2GRAY)
    for levels in (3, 4, 5):
        found = Stream(ThresholdOptions(kind="otsu", levels=levels)).segment(large).label_map
        cuts = [int(grey[found == level].max()) for level in range(levels - 1)]
        exact = otsu_cuts(histogram_of(grey.ravel()), levels)
        assert np.abs(np.subtract(cuts, exact)).max() <= 1
        assert spread(grey.ravel(), cuts) > 0.9999 * spread(grey.ravel(), exact)


@pytest.mark.parametrize("kind", KINDS)
def test_inverted_is_the_complement(kind):
    rows = noise(40, 50)[..., 0]
    found = np.array(label_map(rows, kind=kind))
    assert 0 < found.mean() < 1
    assert label_map(rows, kind=kind, inverted=True) == (1 - found).tolist()


@pytest.mark.parametrize("options", [{"kind": "otsu", "levels": 4}, {"kind": "fixed", "cuts": (60, 120, 180)}])
def test_inverted_levels_count_from_the_light_end(options):
    rows = noise(40, 50)[..., 0]
    found = np.array(label_map(rows, **options))
    assert set(found.ravel()) == {0, 1, 2, 3}
    assert label_map(rows, **options, inverted=True) == (3 - found).tolist()


def test_a_label_is_named_after_its_level():
    assert names() == ["light"]
    assert names(inverted=True) == ["dark"]
    assert names(levels=3) == ["middle", "light"]
    assert names(levels=4, inverted=True) == ["light", "dark", "darkest"]
    assert names(kind="fixed", cuts=(1, 2, 3, 4)) == ["dark", "middle", "light", "lightest"]
    assert names(kind="triangle", levels=5) == ["light"], "it finds one threshold"
    assert names(channel="saturation", levels=3) == ["middle", "high"]


def test_a_level_keeps_its_color_when_inverted():
    def colors(**options):
        labels = Stream(ThresholdOptions(levels=5, **options)).segment(noise(3, 3)).labels
        return {label.name: label.color for label in labels}

    upright, inverted = colors(), colors(inverted=True)
    assert upright["middle"] == inverted["middle"]
    assert len(set((upright | inverted).values())) == 5
    assert Stream(ThresholdOptions()).segment(noise(3, 3)).labels == (Label("light", (0, 159, 230)),)


BLUE_IN_NUMBERS = {  # CIE 1976: L* = 32.3, a* = 79.2, b* = -107.9, scaled and shifted to 0 to 255
    "grey": 29, "hue": 120, "saturation": 255, "brightness": 255, "lightness": 82, "green_to_red": 207,
    "blue_to_yellow": 20, "red": 0, "green": 0, "blue": 255,
}  # fmt: skip


@pytest.mark.parametrize("channel", BLUE_IN_NUMBERS)
def test_any_channel_can_be_taken(channel):
    value = BLUE_IN_NUMBERS[channel]
    blue = np.full((2, 3, 3), (255, 0, 0), np.uint8)
    assert channel_of(Frame.of_image(blue), channel).tolist() == [[value] * 3] * 2
    if value:
        cut = Stream(ThresholdOptions(kind="fixed", channel=channel, cuts=(value - 1,)))
        assert cut.segment(blue).label_map.all()
    if value < 255:
        cut = Stream(ThresholdOptions(kind="fixed", channel=channel, cuts=(value,)))
        assert not cut.segment(blue).label_map.any()


def page(side):
    """A page that lies half in the shadow, with ink on it, and where the ink is."""
    light = np.linspace(60, 240, side).astype(np.uint8)
    ink = np.zeros((side, side), bool)
    ink[:, side // 8 :: side // 4] = True
    return np.where(ink, light[:, None] - 40, np.repeat(light[:, None], side, axis=1)).astype(np.uint8), ink


@pytest.mark.parametrize("kind", ["adaptive_mean", "adaptive_gaussian"])
def test_ink_is_found_in_the_shadow_and_in_the_light(kind):
    rows, ink = page(160)
    assert label_map(rows, kind=kind, block_percent=10, offset=12, inverted=True) == ink.tolist()
    assert label_map(rows, kind="otsu", inverted=True) != ink.tolist()


@pytest.mark.parametrize(
    ("kind", "plain"),
    [("adaptive_mean", cv2.ADAPTIVE_THRESH_MEAN_C), ("adaptive_gaussian", cv2.ADAPTIVE_THRESH_GAUSSIAN_C)],
)
def test_surroundings_are_a_share_of_the_height(kind, plain):
    rows = noise(200, 120)[..., 0]
    expected = cv2.adaptiveThreshold(rows, 1, plain, cv2.THRESH_BINARY, 21, 9)  # 10 % of 200, and odd
    assert label_map(rows, kind=kind, block_percent=10, offset=9) == expected.tolist()


@pytest.mark.parametrize("kind", ["adaptive_mean", "adaptive_gaussian"])
def test_surroundings_grow_with_the_picture(kind, astronaut):
    small, large = (cv2.resize(astronaut, (side, side), interpolation=cv2.INTER_AREA) for side in (200, 400))
    segmenter = Stream(ThresholdOptions(kind=kind, block_percent=15))
    shrunk = cv2.resize(segmenter.segment(large).label_map * 255, (200, 200), interpolation=cv2.INTER_AREA) > 127
    assert (segmenter.segment(small).label_map == shrunk).mean() > 0.95


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("levels", [2, 3, 5])
@pytest.mark.parametrize("grey", [0, 100, 255])
def test_a_flat_picture_is_one_level(kind, levels, grey):
    cuts = (40, 80, 120, 160)[: levels - 1]
    found = label_map([[grey] * 9] * 7, kind=kind, levels=levels, cuts=cuts)
    assert len(np.unique(found)) == 1


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ("cuts=[]", ("segmenter.cuts", "at least 1")),
        ("cuts=[1,2,3,4,5]", ("segmenter.cuts", "at most 4")),
        ("cuts=[255]", ("segmenter.cuts.0", "255", "at most 254")),
        ("cuts=[9,-1]", ("segmenter.cuts.1", "-1", "at least 0")),
        ("levels=6", ("segmenter.levels", "6", "whole number from 2 to 5")),
        ("block_percent=0", ("segmenter.block_percent", "0", "0.5 to 20")),
        ('kind="yen"', ("segmenter.kind", "'yen'", "'otsu'")),
        ('channel="alpha"', ("segmenter.channel", "'alpha'", "'green_to_red'")),
    ],
)
def test_a_wrong_value_is_refused(options, parts):
    with refused(*parts):
        parse_recipe(f'title="x"\n[segmenter]\nmethod="threshold"\n{options}\n[overlay]\nkind="mask"')
