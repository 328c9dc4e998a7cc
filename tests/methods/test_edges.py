import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from segcore.methods.edges import EdgesOptions, close_gaps, enclosed, find_thresholds
from segcore.segmentation import Label
from tests.conftest import noise
from tests.methods.test_threshold import greys
from tests.streams import Stream


def found(picture, **options):
    return Stream(EdgesOptions(**options)).segment(picture)


def regions(drawing, smallest=1):
    """Number what the lines of a drawing, its #, enclose."""
    lines = np.array([[255 * (mark == "#") for mark in row] for row in drawing.split()], np.uint8)
    return ["".join(str(number) for number in row) for row in enclosed(lines, smallest).tolist()]


def gradients(grey):
    return cv2.spatialGradient(grey, borderType=cv2.BORDER_REPLICATE)


def square(degrees, broken):
    """The outline of a turned square, one side of which is broken in the middle over so many pixels."""
    lines = np.zeros((200, 200), np.uint8)
    corners = cv2.boxPoints(((100, 100), (100, 100), degrees))
    cv2.polylines(lines, [np.rint(corners).astype(int)], isClosed=True, color=255)
    (x, y), along = corners[:2].mean(axis=0), (corners[1] - corners[0]) / 100
    rows, columns = np.mgrid[:200, :200]
    near = np.hypot(columns - x, rows - y) < 30
    lines[near & (np.abs((columns - x) * along[0] + (rows - y) * along[1]) < broken / 2)] = 0
    return lines


def noisy_wall(sigma):
    bumps = np.random.default_rng(0).normal(0, sigma, (480, 640, 3))
    return np.clip(np.linspace(90, 180, 640)[:, None] + bumps, 0, 255).astype(np.uint8)


def test_an_edge_runs_where_dark_meets_light():
    picture = greys([[0, 0, 0, 0, 255, 255, 255, 255]] * 6)
    columns = found(picture, smoothing_percent=0).label_map
    assert columns.sum(axis=1).tolist() == [1] * 6, "one pixel wide"
    assert columns[:, 3:5].sum() == 6


def test_edges_are_those_of_opencvs_canny(astronaut):
    grey = cv2.cvtColor(astronaut, cv2.COLOR_BGR2GRAY)
    smooth = cv2.GaussianBlur(grey, (0, 0), 512 * 0.4 / 100)
    plain = found(astronaut, smoothing_percent=0, automatic=False, weak=60, strong=160)
    assert np.array_equal(plain.label_map * 255, cv2.Canny(grey, 60, 160))
    smoothed = found(astronaut, smoothing_percent=0.4, automatic=False, weak=20, strong=70)
    assert np.array_equal(smoothed.label_map * 255, cv2.Canny(smooth, 20, 70))
    weak, strong = find_thresholds(*gradients(smooth))
    assert np.array_equal(found(astronaut, smoothing_percent=0.4).label_map * 255, cv2.Canny(smooth, weak, strong))


def test_weak_and_strong_may_be_set_in_either_order(astronaut):
    one, other = (found(astronaut, automatic=False, weak=weak, strong=strong) for weak, strong in ((40, 90), (90, 40)))
    assert np.array_equal(one.label_map, other.label_map)


def test_the_thresholds_rise_with_contrast(astronaut):
    grey = cv2.cvtColor(astronaut, cv2.COLOR_BGR2GRAY)
    thresholds = [find_thresholds(*gradients((grey * contrast).astype(np.uint8))) for contrast in (0.25, 0.5, 1)]
    weak, strong = zip(*thresholds, strict=True)
    assert list(strong) == sorted(set(strong))
    assert strong[2] / strong[0] == pytest.approx(4, rel=0.2)
    assert [2 * low for low in weak] == list(strong)


def test_a_large_pictures_thresholds_are_those_of_all_its_pixels(astronaut):
    large = cv2.resize(cv2.cvtColor(astronaut, cv2.COLOR_BGR2GRAY), (1280, 1280), interpolation=cv2.INTER_CUBIC)
    across, down = gradients(large)
    norm = np.abs(across) + np.abs(down)
    exact, _ = cv2.threshold(np.minimum(norm / 4, 255).astype(np.uint8), 0, 1, cv2.THRESH_OTSU)
    assert find_thresholds(across, down)[1] == pytest.approx(4 * exact, rel=0.05)


def test_a_dim_picture_has_the_edges_of_a_bright_one(astronaut):
    bright = found(astronaut).label_map
    dim = found((astronaut * 0.3 + 80).astype(np.uint8)).label_map
    near = cv2.dilate(bright, np.ones((3, 3), np.uint8))
    assert 0.03 < bright.mean() < 0.12
    assert (near & dim).sum() > 0.95 * dim.sum()
    assert dim.sum() > 0.8 * bright.sum()


@pytest.mark.parametrize("sigma", [0, 2, 4])
def test_a_wall_has_no_edges_whatever_the_cameras_noise(sigma):
    assert found(noisy_wall(sigma)).label_map.mean() < 0.001


def test_smoothing_leaves_fewer_edges(astronaut):
    counts = [found(astronaut, smoothing_percent=percent).label_map.sum() for percent in (0, 0.3, 1)]
    assert counts[0] > counts[1] > counts[2] > 0


def test_a_closed_line_encloses_a_region():
    assert regions("""
        ........
        .#####..
        .#...#..
        .#...#..
        .#####..
        ........
    """) == ["00000000", "00000000", "00111000", "00111000", "00000000", "00000000"]


def test_an_open_line_encloses_nothing():
    assert set(
        "".join(
            regions("""
        ........
        .#####..
        .#...#..
        .#......
        .#####..
        ........
    """)
        )
    ) == {"0"}


def test_a_line_that_runs_aslant_is_closed():
    assert regions("""
        .......
        ...#...
        ..#.#..
        .#...#.
        ..#.#..
        ...#...
        .......
    """)[2:5] == ["0001000", "0011100", "0001000"]


def test_what_reaches_the_border_is_not_enclosed():
    assert set(
        "".join(
            regions("""
        ..#.....
        ..#.....
        ###..###
        .....#..
    """)
        )
    ) == {"0"}


def test_a_region_within_a_region_has_its_own_number():
    assert regions("""
        .........
        .#######.
        .#.....#.
        .#.###.#.
        .#.#.#.#.
        .#.###.#.
        .#.....#.
        .#######.
        .........
    """)[2:5] == ["001111100", "001000100", "001020100"]


def test_the_largest_region_has_the_first_number():
    assert (
        regions("""
        ...........
        .###.#####.
        .#.#.#...#.
        .###.#####.
        ...........
    """)[2]
        == "00200011100"
    )


def test_a_small_region_is_left_out_and_its_surroundings_close_over_it():
    drawing = """
        .............
        .###########.
        .#.........#.
        .#..###....#.
        .#..#.#....#.
        .#..###....#.
        .#.........#.
        .###########.
        .............
    """
    assert regions(drawing)[4] == "0011020111100"
    assert regions(drawing, smallest=5)[4] == "0011010111100", "but its line stays one"
    assert set("".join(regions(drawing, smallest=99))) == {"0"}


@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_regions_are_the_connected_parts_that_do_not_reach_the_border(drawn):
    lines = np.where(drawn, np.uint8(255), np.uint8(0))
    around = np.pad(lines, 1)  # what reaches the border is one with what lies beyond
    _, parts = cv2.connectedComponents(255 - around, connectivity=4)
    expected = np.where(parts == parts[0, 0], 0, parts)[1:-1, 1:-1]
    numbers = enclosed(lines, 0)
    pairs = set(zip(numbers.ravel().tolist(), expected.ravel().tolist(), strict=True)) | {(0, 0)}
    assert len(pairs) == len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs})


def test_regions_are_told_apart_and_edges_are_not(astronaut):
    edges, areas = found(astronaut), found(astronaut, show="regions")
    assert edges.instances is None
    assert edges.labels == (Label("edge", (66, 228, 240)),)
    assert areas.labels == (Label("region", (233, 180, 86)),)
    assert areas.instances.dtype == np.int32
    assert np.array_equal(areas.instances > 0, areas.label_map == 1)
    numbers, sizes = np.unique(areas.instances[areas.instances > 0], return_counts=True)
    assert numbers.tolist() == list(range(1, len(numbers) + 1))
    assert sizes.min() > 0.0005 * 512 * 512
    assert areas.label_map[120, 222] == 1, "her face"
    assert areas.label_map[20, 330] == 0, "the wall, which goes on beyond the picture"


@pytest.mark.parametrize("degrees", [0, 20, 45, 70, 90])
def test_a_small_gap_is_closed_whichever_way_the_line_runs(degrees):
    def filled(broken, gap):
        return enclosed(close_gaps(square(degrees, broken), gap), 0)[100, 100] > 0

    assert filled(0, 0)
    assert not filled(4, 0)
    assert filled(4, 7)
    assert not filled(20, 7)


def test_gaps_are_closed_in_a_picture(astronaut):
    few, many = (found(astronaut, show="regions", gap_percent=percent).label_map.mean() for percent in (0, 1))
    assert few < 0.05 < 0.1 < many


@pytest.mark.parametrize("show", ["edges", "regions"])
@pytest.mark.parametrize("grey", [0, 255])
def test_a_flat_picture_has_neither(show, grey):
    assert not found(greys([[grey] * 9] * 7), show=show).label_map.any()


def test_pictures_of_one_stream_may_change_their_size(astronaut):
    segmenter = Stream(EdgesOptions())
    first = segmenter.segment(astronaut).label_map
    assert np.array_equal(segmenter.segment(noise(30, 40)).label_map, found(noise(30, 40)).label_map)
    assert np.array_equal(segmenter.segment(astronaut).label_map, first)
