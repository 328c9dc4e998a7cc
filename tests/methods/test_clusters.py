import cv2
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from segcore.methods.clusters import ClustersOptions, k_means
from segcore.recipe import parse_recipe
from tests.conftest import noise
from tests.plain import refused
from tests.streams import Stream

BLUE, GREEN, RED, WHITE, BLACK = (200, 60, 20), (40, 160, 40), (30, 30, 200), (240, 240, 240), (10, 10, 10)


def stripes(*colors, height=40, width=30):
    """A picture of upright stripes."""
    return np.repeat(np.repeat(np.array([colors], np.uint8), width, axis=1), height, axis=0)


def split(*pictures, **options):
    segmenter = Stream(ClustersOptions(**options))
    return [segmenter.segment(picture) for picture in pictures]


def label_at(segmentation, color, picture):
    """The label that all pixels of one colour have."""
    (value,) = np.unique(segmentation.label_map[(picture == color).all(axis=2)])
    return value


def nearest_label(found, color):
    """The label whose colour is nearest."""
    return 1 + int(np.argmin([np.abs(np.subtract(one.color, color)).sum() for one in found.labels]))


def lab(picture):
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2LAB).reshape(-1, 3)


@pytest.mark.parametrize("kind", ["kmeans", "mean_shift"])
def test_each_color_gets_a_label_and_none_is_background(kind):
    picture = stripes(BLACK, RED, WHITE)
    (found,) = split(picture, kind=kind, clusters=3)
    assert len({label_at(found, color, picture) for color in (BLACK, RED, WHITE)}) == 3
    assert found.label_map.min() == 1


@pytest.mark.parametrize("kind", ["kmeans", "mean_shift"])
def test_a_label_is_shown_in_its_clusters_mean_color(kind):
    picture = stripes(BLUE, GREEN, RED)
    (found,) = split(picture, kind=kind, clusters=3)
    for color in (BLUE, GREEN, RED):
        shown = found.labels[label_at(found, color, picture) - 1].color
        assert np.abs(np.subtract(shown, color)).max() <= 5, "within five bits a channel"


def test_clusters_are_counted_from_dark_to_light():
    picture = stripes(WHITE, BLACK, RED)
    (found,) = split(picture, clusters=3)
    assert [label_at(found, color, picture) for color in (BLACK, RED, WHITE)] == [1, 2, 3]
    assert [label.name for label in found.labels] == ["cluster 1", "cluster 2", "cluster 3"]


@pytest.mark.parametrize("clusters", [2, 3, 5, 8])
def test_clusters_are_as_tight_as_opencvs(clusters, astronaut):
    (found,) = split(astronaut, clusters=clusters)
    pixels = lab(astronaut)
    sample = pixels[:: len(pixels) // 20_000]
    cv2.setRNGSeed(1)
    _, _, centers = cv2.kmeans(sample, clusters, None, (cv2.TERM_CRITERIA_MAX_ITER, 100, 0), 10, cv2.KMEANS_PP_CENTERS)
    theirs = ((pixels[:, None] - centers) ** 2).sum(axis=2).min(axis=1).mean()
    distance = ((pixels[:, None] - lab(np.array([[one.color for one in found.labels]], np.uint8))) ** 2).sum(axis=2)
    assert distance.min(axis=1).mean() < 1.05 * theirs
    nearest = distance.argmin(axis=1).reshape(512, 512) + 1
    assert (found.label_map == nearest).mean() > 0.9, "all but specks and seams"


@pytest.mark.parametrize("kind", ["kmeans", "mean_shift"])
def test_the_same_picture_gives_the_same_result_whatever_chance_did_before(kind, astronaut):
    cv2.setRNGSeed(1)
    (first,) = split(astronaut, kind=kind)
    cv2.setRNGSeed(2)
    np.random.seed(3)
    (second,) = split(astronaut, kind=kind)
    assert np.array_equal(first.label_map, second.label_map)
    assert first.labels == second.labels


@pytest.mark.parametrize("kind", ["kmeans", "mean_shift"])
def test_streams_side_by_side_share_nothing(kind, astronaut):
    dark = (astronaut // 3).astype(np.uint8)
    alone = split(astronaut, dark, astronaut, kind=kind)
    one, other = (Stream(ClustersOptions(kind=kind)) for _ in range(2))
    beside = []
    for picture in (astronaut, dark, astronaut):
        beside.append(one.segment(picture))
        other.segment(picture[::-1] // 2)
    assert all(np.array_equal(a.label_map, b.label_map) for a, b in zip(alone, beside, strict=True))


@pytest.mark.parametrize("kind", ["kmeans", "mean_shift"])
def test_things_that_change_places_keep_label_and_color(kind):
    pictures = [stripes(RED, WHITE, BLUE), stripes(BLUE, RED, WHITE), stripes(WHITE, WHITE, WHITE, BLUE, RED)]
    found = split(*pictures, kind=kind, clusters=3)
    for color in (RED, WHITE, BLUE):
        assert len({label_at(one, color, picture) for one, picture in zip(found, pictures, strict=True)}) == 1
    assert found[0].labels == found[1].labels == found[2].labels


@pytest.mark.parametrize("kind", ["kmeans", "mean_shift"])
def test_what_went_away_finds_its_label_again(kind):
    here, away = stripes(RED, WHITE, BLUE), stripes(WHITE, WHITE, BLUE)
    found = split(here, *[away] * 10, here, kind=kind, clusters=3)
    value = label_at(found[0], RED, here)
    assert value not in found[5].label_map
    assert label_at(found[-1], RED, here) == value


def test_labels_stay_while_the_light_fades():
    scene = stripes(RED, WHITE, BLUE, GREEN)
    fading = [(scene * (1 - step / 60)).astype(np.uint8) for step in range(30)]
    found = split(*fading, clusters=4)
    assert all(np.array_equal(one.label_map, found[0].label_map) for one in found)
    assert all(one.labels == found[0].labels for one in found)


def test_after_a_cut_to_another_scene_old_colors_keep_their_label_and_new_ones_get_their_own():
    before, after = stripes(RED, WHITE, BLUE), stripes(GREEN, WHITE, BLACK)
    first, second = split(before, after, clusters=3)
    assert label_at(second, WHITE, after) == label_at(first, WHITE, before)
    for color in (GREEN, WHITE, BLACK):
        shown = second.labels[label_at(second, color, after) - 1].color
        assert np.abs(np.subtract(shown, color)).max() <= 5


def test_noise_moves_no_label(astronaut):
    random = np.random.default_rng(0)
    noisy = [cv2.add(astronaut, random.integers(0, 6, astronaut.shape, dtype=np.uint8)) for _ in range(6)]
    found = split(*noisy, clusters=5)
    assert all((one.label_map == found[0].label_map).mean() > 0.97 for one in found)
    assert all(one.labels == found[0].labels for one in found)


@pytest.mark.parametrize("kind", ["kmeans", "mean_shift"])
def test_an_enlarged_edge_is_a_line_and_not_steps(kind):
    rows, columns = np.mgrid[:720, :1280]
    above = rows < 100 + columns * 0.4
    picture = np.where(above[..., None], np.uint8(RED), np.uint8(WHITE)).astype(np.uint8)
    (found,) = split(picture, kind=kind, clusters=2)
    wrong = above != (found.label_map == nearest_label(found, RED))
    off_px = np.abs(rows - (100 + columns * 0.4))[wrong]
    assert wrong.mean() < 0.003
    assert off_px.max() < 4


def test_a_seam_between_two_labels_takes_no_third_one_in():
    picture = stripes(BLACK, WHITE, height=720, width=640)
    picture[:90] = np.uint8((128, 128, 128))
    (found,) = split(picture, clusters=3)
    assert set(np.unique(found.label_map[200:])) == {1, 3}


@pytest.mark.parametrize("kind", ["kmeans", "mean_shift"])
def test_a_flat_picture_is_one_cluster_and_more_come_with_more_colors(kind):
    flat, rich = stripes(RED), stripes(RED, WHITE, BLUE)
    first, second = split(flat, rich, kind=kind, clusters=3)
    assert np.unique(first.label_map).tolist() == [1]
    assert len(first.labels) == 1
    assert len(np.unique(second.label_map)) == len(second.labels) == 3
    assert label_at(second, RED, rich) == 1


@given(st.lists(st.integers(0, 32767), min_size=1, max_size=60), st.integers(2, 8))
def test_k_means_finds_as_many_clusters_as_there_are_colors_or_are_wanted(codes, clusters):
    counts = np.bincount(codes, minlength=32768).astype(float)
    centers = k_means(counts, clusters)
    assert 1 <= len(centers) <= min(clusters, len(set(codes)))
    assert np.isfinite(centers).all()
    assert (np.diff(centers[:, 0]) >= 0).all()


def test_mean_shift_finds_no_more_clusters_than_wanted():
    (found,) = split(noise(60, 80), kind="mean_shift", clusters=4)
    assert len(found.labels) <= 4


def test_pictures_of_one_stream_may_change_their_size():
    small, large = stripes(RED, WHITE), stripes(RED, WHITE, height=720, width=640)
    first, second = split(small, large, clusters=2)
    assert second.label_map.shape == (720, 1280)
    assert label_at(first, RED, small) == label_at(second, RED, large)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 200), (17, 31), (90, 160)])
def test_mean_shift_takes_any_size(height, width):
    (found,) = split(noise(height, width), kind="mean_shift")
    assert found.label_map.shape == (height, width)
    assert found.label_map.min() >= 1


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ("clusters=1", ("segmenter.clusters", "1", "whole number from 2 to 8")),
        ("clusters=9", ("segmenter.clusters", "9", "whole number from 2 to 8")),
        ("radius=4", ("segmenter.radius", "4", "whole number from 5 to 40")),
        ('kind="dbscan"', ("segmenter.kind", "'dbscan'", "'kmeans' or 'mean_shift'")),
    ],
)
def test_a_wrong_value_is_refused(options, parts):
    with refused(*parts):
        parse_recipe(f'title="x"\n[segmenter]\nmethod="clusters"\n{options}\n[overlay]\nkind="mask"')
