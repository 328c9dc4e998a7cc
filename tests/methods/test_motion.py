from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from segcore.methods import motion
from segcore.methods.motion import CameraWatch, MotionOptions
from segcore.recipe import parse_recipe
from tests.conftest import noise
from tests.plain import refused
from tests.streams import Stream

KINDS = ("mog2", "knn")
LEARNING = 30
VTEST = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")

# Left, top, right, bottom of walkers, as a person sees them in pictures 100 and 300 of vtest.avi. One who had stood
# behind the sign since the first picture is left out, and so is another who stood beside it.
WALKERS = {
    100: [(349, 200, 382, 274), (492, 149, 519, 220), (515, 152, 541, 221), (590, 153, 618, 233), (222, 62, 238, 94)],
    300: [(187, 159, 218, 234), (243, 159, 270, 221), (297, 159, 323, 230), (314, 210, 343, 295), (582, 160, 610, 236),
          (619, 162, 643, 234)],
}  # fmt: skip
# Lawn, and wall, that nobody enters before picture 300.
EMPTY = [(0, 320, 250, 576), (250, 420, 700, 576), (320, 8, 390, 30), (200, 115, 300, 150)]


def scene(number=0, height=180, width=240):
    """A picture of boxes and boards, with a camera's noise."""
    board = np.random.default_rng(7).integers(40, 215, (height // 20, width // 20, 3), dtype=np.uint8)
    image = cv2.resize(board, (width, height), interpolation=cv2.INTER_NEAREST)
    return cv2.add(image, np.random.default_rng(number).integers(0, 6, image.shape, dtype=np.uint8))


def with_square(number, left, top=60, side=40):
    image = scene(number)
    image[top : top + side, max(0, left) : max(0, left + side)] = (250, 20, 250)
    return image


def square(left, top=60, side=40):
    mask = np.zeros((180, 240), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def learnt(**options):
    """A segmenter that knows the empty scene."""
    segmenter = Stream(MotionOptions(**options))
    for number in range(LEARNING):
        segmenter.segment(scene(number))
    return segmenter


def iou(found, truth):
    found = found.astype(bool)
    return (found & truth).sum() / (found | truth).sum()


@pytest.mark.parametrize("kind", KINDS)
def test_a_moving_square_is_found_and_a_still_one_is_not(kind):
    def picture(number):
        image = with_square(number, left=10 + 4 * (number - LEARNING) if number >= LEARNING else -99)
        image[130:160, 150:180] = (20, 250, 20)
        return image

    segmenter = Stream(MotionOptions(kind=kind))
    found = [segmenter.segment(picture(number)) for number in range(LEARNING + 30)]
    for number in range(LEARNING, LEARNING + 30):
        truth = square(10 + 4 * (number - LEARNING))
        assert iou(found[number].label_map, truth) > 0.9
        assert not found[number].label_map[125:165, 145:185].any() or truth[125:165, 145:185].any()


@pytest.mark.parametrize("kind", KINDS)
def test_while_it_learns_it_says_so_and_shows_nothing(kind):
    segmenter = Stream(MotionOptions(kind=kind))
    found = [segmenter.segment(with_square(number, left=3 * number)) for number in range(LEARNING + 10)]
    for early in found[:LEARNING]:
        assert early.note.startswith("Learning the background")
        assert early.note.endswith(".")
        assert not early.label_map.any()
        assert [label.name for label in early.labels] == ["moving"]
    assert {late.note for late in found[LEARNING:]} == {""}
    assert all(late.label_map.any() for late in found[LEARNING:])


@pytest.mark.parametrize("kind", KINDS)
def test_a_shadow_is_left_out_unless_it_is_wanted(kind):
    picture = with_square(99, left=20)
    picture[110:150, 120:180] = (picture[110:150, 120:180] * 0.7).astype(np.uint8)
    shadow = np.s_[115:145, 125:175]
    without = learnt(kind=kind).segment(picture).label_map
    assert without[65:95, 25:55].all()
    assert without[shadow].mean() < 0.05
    assert learnt(kind=kind, shadows=False).segment(picture).label_map[shadow].mean() > 0.8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("down_across", [(0, 6), (5, -9), (60, 80)])
def test_a_jolt_of_the_camera_is_learnt_and_not_painted(kind, down_across):
    segmenter = learnt(kind=kind)

    def jolted(number):
        return np.roll(with_square(number, left=(3 * number) % 200), down_across, (0, 1))

    found = [segmenter.segment(jolted(number)) for number in range(LEARNING, 2 * LEARNING + 20)]
    for early in found[:LEARNING]:
        assert early.note
        assert not early.label_map.any()
    for late in found[LEARNING:]:
        assert not late.note
        assert 0 < late.label_map.mean() < 0.1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("brightness", [0.3, 1.6])
def test_a_light_that_goes_on_or_off_is_learnt_and_not_painted(kind, brightness):
    segmenter = learnt(kind=kind)
    lit = [segmenter.segment(cv2.convertScaleAbs(scene(number), alpha=brightness)) for number in range(LEARNING + 5)]
    assert all(found.note for found in lit[:LEARNING])
    assert not lit[-1].note
    assert all(found.label_map.mean() < 0.02 for found in lit)


@pytest.mark.parametrize("kind", KINDS)
def test_a_camera_that_is_panned_is_learnt_anew_until_it_rests(kind):
    wide = scene(0, 180, 480)
    segmenter = Stream(MotionOptions(kind=kind))

    def view(number):
        left = min(100, max(0, 2 * (number - LEARNING - 5)))
        return np.ascontiguousarray(wide[:, left : left + 240])

    found = [segmenter.segment(view(number)) for number in range(LEARNING + 5 + 50 + LEARNING + 5)]
    assert not found[LEARNING + 4].note
    assert found[LEARNING + 5 + 25].note
    assert not found[-1].note
    assert not found[-1].label_map.any()
    assert max(one.label_map.mean() for one in found) < 0.3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("width", "speed"), [(120, 4), (200, 8), (200, 24)])
def test_somebody_who_walks_by_close_to_the_camera_is_no_jolt(kind, width, speed):
    segmenter = learnt(kind=kind)
    clothes = np.random.default_rng(3).integers(0, 255, (12, width // 10, 3), dtype=np.uint8)
    body = cv2.resize(clothes, (width, 170), interpolation=cv2.INTER_CUBIC)
    shape = np.zeros((170, width), np.uint8)
    cv2.ellipse(shape, (width // 2, 110), (width // 2, 110), 0, 0, 360, 255, -1)
    covered = []
    for number, left in enumerate(range(-width, 241, speed)):
        picture = scene(number)
        seen = slice(max(0, left), min(240, left + width))
        part = slice(seen.start - left, max(0, seen.stop - left))
        cv2.copyTo(body[:, part], shape[:, part], picture[10:, seen])
        found = segmenter.segment(picture)
        assert not found.note
        covered.append(found.label_map.mean())
    assert max(covered) > (0.35 if width == 120 else 0.6)


def test_a_body_that_stops_before_the_camera_is_no_jolt_when_it_goes_on():
    segmenter = learnt()
    places = [*range(-150, 50, 8), *[50] * 60, *range(50, 240, 8)]
    for number, left in enumerate(places):
        assert not segmenter.segment(with_square(number, left=left, top=10, side=150)).note


def test_the_watch_tells_edges_all_over_from_one_body():
    lines = np.zeros((120, 160), np.uint8)
    lines[:, ::8] = 255
    body = np.zeros((120, 160), np.uint8)
    body[20:, 30:130] = 255
    for mask, expected in ((np.zeros_like(lines), False), (lines, True), (body, False)):
        watch = CameraWatch()
        assert not watch.jolted(np.full_like(lines, 255)), "all of a first picture is new"
        assert watch.jolted(mask) is expected


def test_the_watch_tells_what_comes_at_once_from_what_comes_step_by_step():
    steps = [
        np.where(np.arange(160) < edge, np.uint8(255), np.uint8(0))[None].repeat(120, 0) for edge in range(0, 161, 20)
    ]
    watch = CameraWatch()
    watch.jolted(np.full_like(steps[0], 255))
    assert not any(watch.jolted(step) for step in steps)
    watch.jolted(steps[0])
    assert watch.jolted(steps[5])


@pytest.mark.parametrize("kind", KINDS)
def test_streams_side_by_side_share_nothing(kind):
    one, other = learnt(kind=kind), Stream(MotionOptions(kind=kind))
    for number in range(10):
        assert other.segment(np.roll(scene(number), 90, axis=1)).note
        assert iou(one.segment(with_square(number, left=10 * number)).label_map, square(10 * number)) > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_another_size_is_learnt_anew(kind):
    segmenter = learnt(kind=kind)
    assert not segmenter.segment(scene(31)).note
    for number in range(LEARNING):
        assert segmenter.segment(scene(number, 120, 160)).note
    found = segmenter.segment(scene(77, 120, 160))
    assert not found.note
    assert found.label_map.shape == (120, 160)
    assert not found.label_map.any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("still_frames", [20, 100])
def test_what_stands_still_becomes_background_after_the_time_that_it_is_given(kind, still_frames):
    segmenter = learnt(kind=kind, still_frames=still_frames)
    found = [segmenter.segment(with_square(number, left=100)).label_map[70:90, 110:130] for number in range(200)]
    seen = [part.mean() > 0.5 for part in found]
    assert all(seen[: round(still_frames * 0.8)])
    assert not any(seen[round(still_frames * 1.2) :])


@pytest.mark.parametrize(("kind", "name", "keen", "dull"), [("mog2", "deviations", 3, 12), ("knn", "distance", 15, 80)])
def test_a_small_change_is_found_or_not_as_it_is_set(kind, name, keen, dull):
    picture = scene(99)
    picture[60:100, 60:100] += 20

    def share(value):
        return learnt(kind=kind, shadows=False, **{name: value}).segment(picture).label_map[65:95, 65:95].mean()

    assert share(keen) > 0.9
    assert share(dull) < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_a_reduced_frame_finds_a_drawn_body_as_well_as_a_full_one(kind, monkeypatch):
    """The truth is drawn: a disc before a board, at 1280x720, with a camera's noise."""
    board = np.random.default_rng(7).integers(40, 215, (18, 32, 3), dtype=np.uint8)
    still = cv2.resize(board, (1280, 720), interpolation=cv2.INTER_CUBIC)

    def agreement():
        segmenter, scores = Stream(MotionOptions(kind=kind)), []
        for number in range(LEARNING + 8):
            mask = np.zeros((720, 1280), np.uint8)
            cv2.circle(mask, (200 + 100 * (number - LEARNING), 350), 60, 255, -1)
            image = cv2.copyTo(np.full_like(still, (250, 20, 250)), mask, still.copy()) if number >= LEARNING else still
            image = cv2.GaussianBlur(image, (0, 0), 1.5)  # as a lens draws it
            image = cv2.add(image, np.random.default_rng(number).integers(0, 12, image.shape, dtype=np.uint8))
            found = segmenter.segment(image).label_map
            if number >= LEARNING:
                scores.append(iou(found, mask > 0))
        return np.mean(scores)

    reduced = agreement()
    monkeypatch.setattr(motion, "_ENOUGH_PIXELS", 1280 * 720)
    assert reduced > 0.9
    assert reduced > agreement() - 0.02, "its edge lies within half a pixel"


def walking():
    """Yield the first 301 pictures of a car park that people cross."""
    if not VTEST.is_file():
        pytest.skip("the walkers are not here: vtest.avi of Debian's opencv-doc is missing")
    with av.open(VTEST) as container:
        for _, frame in zip(range(301), container.decode(video=0), strict=False):
            yield frame.to_ndarray(format="bgr24")


def walkers_found(segment):
    """How much of each walker's box is filled, and of the pictures' empty places."""
    inside, empty = [], []
    for number, picture in enumerate(walking()):
        label_map = segment(picture)
        if number >= LEARNING:
            empty.append([label_map[top:bottom, left:right].mean() for left, top, right, bottom in EMPTY])
        for left, top, right, bottom in WALKERS.get(number, ()):
            inside.append(label_map[top:bottom, left:right].mean())
    return np.array(inside), np.array(empty)


@pytest.mark.parametrize("kind", KINDS)
def test_walkers_are_found_and_the_lawn_is_not(kind):
    segmenter = Stream(MotionOptions(kind=kind))
    inside, empty = walkers_found(lambda picture: segmenter.segment(picture).label_map)
    assert inside.min() > 0.35, "a body fills about half of its box"
    assert empty.max() < 0.02
    assert empty.mean() < 0.0005


def test_a_reduced_frame_finds_the_same_walkers(monkeypatch):
    segmenter = Stream(MotionOptions())
    inside, empty = walkers_found(lambda image: segmenter.segment(image).label_map)
    monkeypatch.setattr(motion, "_ENOUGH_PIXELS", 576 * 768)
    full = Stream(MotionOptions())
    inside_full, empty_full = walkers_found(lambda image: full.segment(image).label_map)
    assert inside.mean() != inside_full.mean(), "it was not reduced"
    assert inside.mean() > inside_full.mean() - 0.03
    assert empty.mean() <= empty_full.mean()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 200), (17, 31), (90, 160)])
def test_any_size_is_taken_also_when_it_has_been_learnt(kind, height, width):
    segmenter = Stream(MotionOptions(kind=kind))
    for _ in range(LEARNING + 2):
        found = segmenter.segment(noise(height, width))
    assert found.label_map.shape == (height, width)
    assert not found.label_map.any()


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ("still_frames=9", ("segmenter.still_frames", "9", "10 to 1000")),
        ("deviations=1", ("segmenter.deviations", "1", "2 to 12")),
        ("distance=81", ("segmenter.distance", "81", "5 to 80")),
        ('kind="gmg"', ("segmenter.kind", "'gmg'", "'mog2' or 'knn'")),
    ],
)
def test_a_wrong_value_is_refused(options, parts):
    with refused(*parts):
        parse_recipe(f'title="x"\n[segmenter]\nmethod="motion"\n{options}\n[overlay]\nkind="mask"')
