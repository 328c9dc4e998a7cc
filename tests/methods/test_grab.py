import threading
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.marks import Stroke
from segcore.methods.grab import GrabOptions
from segcore.recipe import load_recipe, parse_recipe
from segcore.segmentation import Image, Plane
from tests.conftest import noise
from tests.plain import refused
from tests.streams import Stream

LOST = "The object is lost: mark it again where it is now."
NOTHING = "Nothing stands out in the box: draw it closer around the object."
DISC_BOX = (0.2, 0.2, 0.4, 0.6)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return np.count_nonzero((one > 0) & (other > 0)) / np.count_nonzero((one > 0) | (other > 0))


def shares(mask: Plane, margin_px: int = 0) -> tuple[float, ...]:
    """Return the box around a mask, and a margin, as shares of the picture."""
    height, width = mask.shape
    x, y, w, h = cv2.boundingRect(mask)
    left, top = max(0, x - margin_px), max(0, y - margin_px)
    right, bottom = min(width, x + w + margin_px), min(height, y + h + margin_px)
    return left / width, top / height, (right - left) / width, (bottom - top) / height


def soft_noise(height: int, width: int, sigma_px: float, seed: int) -> Plane:
    plane = cv2.GaussianBlur(noise(height, width, seed)[..., 0], (0, 0), sigma_px)
    return cv2.normalize(plane, None, 40, 200, cv2.NORM_MINMAX)


def clip(pictures: int) -> list[tuple[Image, Plane]]:
    """A reddish, patterned disc that turns, grows and crosses a greenish, patterned ground: pictures and truths."""
    ground = soft_noise(240, 400, 4, 1)
    ground = np.dstack([ground, ground, ground // 3])
    pattern = soft_noise(121, 121, 1.5, 2)
    pattern = np.dstack([pattern // 4, pattern // 3, 100 + pattern // 2])
    disc = cv2.circle(np.zeros((121, 121), np.uint8), (60, 60), 50, 255, -1)
    frames = []
    for number in range(pictures):
        matrix = cv2.getRotationMatrix2D((60, 60), 3 * number, 1 + 0.2 * np.sin(number / 12))
        matrix[:, 2] += (20 + 6 * number, 60 + 30 * np.sin(number / 8))
        truth = cv2.warpAffine(disc, matrix, (400, 240)) // 128
        drawn = cv2.warpAffine(pattern, matrix, (400, 240), borderMode=cv2.BORDER_REPLICATE)
        frames.append((np.where(truth[..., None] > 0, drawn, ground), truth))
    return frames


def red_disc() -> tuple[Image, Plane]:
    picture = np.full((120, 160, 3), (120, 110, 40), np.uint8)
    cv2.circle(picture, (64, 60), 22, (30, 30, 220), -1)
    picture = cv2.add(picture, noise(120, 160) // 16)
    return picture, cv2.circle(np.zeros((120, 160), np.uint8), (64, 60), 22, 1, -1)


def test_what_stands_out_in_the_box_is_found():
    picture, truth = red_disc()
    found = Stream(GrabOptions(box=DISC_BOX)).segment(picture)
    assert iou(found.label_map, truth) > 0.94
    assert [label.name for label in found.labels] == ["object"]
    assert found.note == ""


def test_what_lies_outside_the_box_is_left_out():
    picture, truth = red_disc()
    picture[50:70, 120:140] = (30, 30, 220)
    assert iou(Stream(GrabOptions(box=DISC_BOX)).segment(picture).label_map, truth) > 0.94


def test_a_stroke_keeps_what_the_box_alone_would_not():
    picture, _ = red_disc()
    alone = Stream(GrabOptions(box=DISC_BOX)).segment(picture)
    stroke = Stroke(keep=True, width=0.06, points=((0.25, 0.75), (0.35, 0.75)))
    corrected = Stream(GrabOptions(box=DISC_BOX, strokes=(stroke,))).segment(picture)
    assert not alone.label_map[89:92, 40:55].any()
    assert corrected.label_map[89:92, 40:55].all()


def test_a_stroke_leaves_out_what_the_box_alone_would_keep():
    picture, truth = red_disc()
    picture[85:95, 40:80] = (30, 200, 220)  # a yellow bar below the disc
    box = (0.2, 0.2, 0.4, 0.62)
    alone = Stream(GrabOptions(box=box)).segment(picture)
    stroke = Stroke(keep=False, width=0.06, points=((0.27, 0.75), (0.48, 0.75)))
    corrected = Stream(GrabOptions(box=box, strokes=(stroke,))).segment(picture)
    assert alone.label_map[90, 60]
    assert iou(corrected.label_map, truth) > 0.9


def test_where_strokes_overlap_the_later_one_counts():
    picture, _ = red_disc()
    keep = Stroke(keep=True, width=0.1, points=((0.25, 0.3),))
    leave = Stroke(keep=False, width=0.1, points=((0.25, 0.3),))
    for strokes, kept in (((keep, leave), 0), ((leave, keep), 1)):
        found = Stream(GrabOptions(box=DISC_BOX, strokes=strokes)).segment(picture)
        assert found.label_map[36, 40] == kept


def test_a_kept_stroke_reaches_out_of_the_box():
    picture, _ = red_disc()
    picture[50:70, 120:140] = (30, 30, 220)
    stroke = Stroke(keep=True, width=0.1, points=((0.8, 0.5), (0.83, 0.5)))
    assert Stream(GrabOptions(box=DISC_BOX, strokes=(stroke,))).segment(picture).label_map[60, 130]


@pytest.mark.parametrize(
    ("picture", "box"),
    [
        (np.full((60, 80, 3), 90, np.uint8), (0.2, 0.1, 0.6, 0.8)),
        (noise(60, 80), (0, 0, 1, 1)),
        (noise(60, 80), (1, 1, 1, 1)),
        (noise(60, 80), (0.5, 0.5, 0, 0)),
        (noise(1, 1), (0.2, 0.1, 0.6, 0.8)),
    ],
    ids=["flat", "all of it", "outside", "no size", "one pixel"],
)
def test_a_box_with_nothing_to_tell_apart_gives_an_empty_mask_and_says_so(picture, box):
    found = Stream(GrabOptions(box=box)).segment(picture)
    assert not found.label_map.any()
    assert found.note == NOTHING


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.tuples(*[st.floats(0, 1)] * 4),
    st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), max_size=4),
    st.integers(0, 3),
)
def test_no_marks_on_no_picture_break_it(height, width, box, strokes, seed):
    marks = tuple(Stroke(keep=keep, width=wide, points=((x, y), (y, x))) for keep, wide, x, y in strokes)
    segmenter = Stream(GrabOptions(box=box, strokes=marks, iterations=1))
    for picture in (noise(height, width, seed), noise(height, width, seed + 1), np.zeros((height, width, 3), np.uint8)):
        found = segmenter.segment(picture)
        assert found.label_map.shape == (height, width)
        assert set(np.unique(found.label_map)) <= {0, 1}
        assert bool(found.note) == (not found.label_map.any()) or not found.note


def test_the_same_picture_gives_the_same_result_in_every_thread():
    picture = np.where(noise(120, 160)[..., :1] > 128, noise(120, 160, 1), noise(120, 160, 2) // 2)
    results = []

    def work(seed: int) -> None:
        cv2.setRNGSeed(seed)
        results.append(Stream(GrabOptions(box=DISC_BOX)).segment(picture).label_map.tobytes())

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert len(set(results)) == 1


def test_a_disc_is_followed_through_a_clip():
    frames = clip(45)
    segmenter = Stream(GrabOptions(box=shares(frames[0][1], 5)))
    found = [segmenter.segment(picture) for picture, _ in frames]
    assert {one.note for one in found} == {""}
    assert min(iou(one.label_map, truth) for one, (_, truth) in zip(found, frames, strict=True)) > 0.9


def test_a_disc_is_followed_into_the_dark():
    frames = [(cv2.convertScaleAbs(picture, alpha=1 - 0.03 * n), truth) for n, (picture, truth) in enumerate(clip(18))]
    segmenter = Stream(GrabOptions(box=shares(frames[0][1], 5)))
    assert min(iou(segmenter.segment(picture).label_map, truth) for picture, truth in frames) > 0.9


def test_an_object_that_leaves_the_picture_is_lost():
    frames = clip(70)
    gone = next(number for number, (_, truth) in enumerate(frames) if not truth.any())
    segmenter = Stream(GrabOptions(box=shares(frames[0][1], 5)))
    notes = [segmenter.segment(picture).note for picture, _ in frames]
    first_lost = notes.index(LOST)
    assert gone - 6 < first_lost <= gone + 2
    assert set(notes[first_lost:]) == {LOST}


def test_another_scene_is_not_painted():
    frames = clip(10)
    segmenter = Stream(GrabOptions(box=shares(frames[0][1], 5)))
    for picture, _ in frames:
        assert not segmenter.segment(picture).note
    other = segmenter.segment(frames[-1][0][:, ::-1].copy())
    assert other.note == LOST
    assert not other.label_map.any()


def test_what_goes_behind_a_wall_is_lost_and_the_wall_is_not_painted():
    frames = clip(50)
    segmenter = Stream(GrabOptions(box=shares(frames[0][1], 5)))
    notes = []
    for picture, truth in frames:
        picture[:, 180:320], truth[:, 180:320] = (90, 140, 60), 0
        found = segmenter.segment(picture)
        notes.append(found.note)
        if not truth.any():
            assert not found.label_map.any()
    assert notes[0] == ""
    assert notes[-1] == LOST


def test_a_plain_object_at_rest_is_kept():
    picture, truth = red_disc()
    plain = np.full_like(picture, (200, 40, 40))
    plain[truth > 0] = (30, 30, 220)
    segmenter = Stream(GrabOptions(box=DISC_BOX))
    for _ in range(5):
        found = segmenter.segment(plain)
        assert iou(found.label_map, truth) > 0.9


def test_an_object_that_comes_to_fill_the_picture_is_kept():
    frames = []
    for number in range(40):
        picture = cv2.resize(clip(1)[0][0][20:110, 20:140], None, fx=2, fy=2)
        disc = cv2.circle(np.zeros(picture.shape[:2], np.uint8), (120, 90), 60 + 3 * number, 1, -1)
        pattern = np.dstack([soft_noise(180, 240, 2, 5) // 4] * 2 + [100 + soft_noise(180, 240, 2, 5) // 2])
        zoomed = cv2.warpAffine(pattern, cv2.getRotationMatrix2D((120, 90), 0, 1 + 0.05 * number), (240, 180))
        frames.append((np.where(disc[..., None] > 0, zoomed, picture), disc))
    segmenter = Stream(GrabOptions(box=shares(frames[0][1], 5)))
    for picture, truth in frames:
        found = segmenter.segment(picture)
        assert not found.note
        assert iou(found.label_map, truth) > 0.9
    assert frames[-1][1].all()


def test_pictures_of_another_size_begin_anew():
    picture, truth = red_disc()
    larger = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    segmenter = Stream(GrabOptions(box=DISC_BOX))
    segmenter.segment(picture)
    segmenter.segment(noise(120, 160))
    found = segmenter.segment(larger)
    assert iou(found.label_map, np.kron(truth, np.ones((2, 2), np.uint8))) > 0.95


def test_a_dark_start_waits_for_the_first_picture_with_something_in_it():
    picture, truth = red_disc()
    segmenter = Stream(GrabOptions(box=DISC_BOX))
    assert segmenter.segment(np.zeros_like(picture)).note == NOTHING
    assert iou(segmenter.segment(picture).label_map, truth) > 0.95


def labelled(shared: Path, number: str) -> tuple[Image, Plane]:
    """Return a frame of the judo clip and the mask of the one person who is labelled in it."""
    picture = cv2.imread(str(shared / f"data/judo/images/{number}.jpg"))
    truth = (np.asarray(PIL.Image.open(shared / f"data/judo/masks/{number}.png")) > 0).astype(np.uint8)
    return picture, np.pad(truth, ((0, 0), (0, picture.shape[1] - truth.shape[1])))  # one is a pixel narrower


@pytest.mark.parametrize(("number", "least"), [("00000", 0.8), ("00005", 0.8), ("00008", 0.68), ("00013", 0.65)])
def test_people_are_found_by_the_box_around_them(shared, number, least):
    picture, truth = labelled(shared, number)
    assert iou(Stream(GrabOptions(box=shares(truth))).segment(picture).label_map, truth) > least


def test_a_bird_is_found_by_the_box_around_it(shared):
    picture = cv2.imread(str(shared / "data/bird/bird_segmentation.bmp"))
    truth = (np.asarray(PIL.Image.open(shared / "data/bird/bird_segmentation_mask.bmp")) > 0).astype(np.uint8)
    for margin_px in (0, 10, 25):
        box = shares(truth, margin_px)
        assert iou(Stream(GrabOptions(box=box)).segment(picture).label_map, truth) > 0.9


@pytest.mark.parametrize(
    ("numbers", "box", "least"),
    [
        (("00000", "00005"), None, 0.8),
        (("00000", "00005", "00008"), None, 0.68),
        (("00000", "00005", "00008", "00013"), None, 0.65),
        (("00013", "00008", "00005", "00000"), (0.363, 0.22, 0.275, 0.665), 0.6),
    ],
    ids=["one who stands", "another", "one who kneels", "two who fight, backwards"],
)
def test_people_are_followed_through_a_real_clip_with_gaps(shared, numbers, box, least):
    """Each frame has the mask of another person; where a person hardly moves, the last one's box fits the first."""
    frames = [labelled(shared, number) for number in numbers]
    truth = frames[-1][1]
    segmenter = Stream(GrabOptions(box=box or shares(truth)))
    found = [segmenter.segment(picture) for picture, _ in frames]
    assert {one.note for one in found} == {""}
    assert iou(found[-1].label_map, truth) > least


def test_marks_come_back_from_a_recipe_file():
    stroke = Stroke(keep=False, width=0.03, points=((0.1, 0.2), (0.3, 0.4)))
    options = GrabOptions(box=(0.1, 0.2, 0.3, 0.4), strokes=(stroke, Stroke()), iterations=7)
    recipe = load_recipe("cut_out_what_i_mark").model_copy(update={"segmenter": options})
    assert parse_recipe(recipe.to_toml()) == recipe


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ("box=[0,0,1.5,1]", ("segmenter.box.2", "1.5", "0.0 to 1.0")),
        ("box=[nan,0,1,1]", ("segmenter.box.0", "0.0 to 1.0")),
        ("box=[0,0,1]", ("segmenter.box.3", "missing")),
        ("box=3", ("segmenter.box", "list")),
        ("iterations=11", ("segmenter.iterations", "11", "1 to 10")),
        ("strokes=[{points=[]}]", ("segmenter.strokes.0.points", "at least 1")),
        ("strokes=[{points=[[0.5,-1]]}]", ("segmenter.strokes.0.points.0.1", "-1", "0.0 to 1.0")),
        ("strokes=[{width=2}]", ("segmenter.strokes.0.width", "2", "0.0 to 1.0")),
        ("strokes=[{keep=3}]", ("segmenter.strokes.0.keep", "true or false")),
    ],
)
def test_a_wrong_value_is_named_with_its_field_and_what_is_allowed(values, parts):
    with refused(*parts):
        parse_recipe(f'title="x"\n[segmenter]\nmethod="grab"\n{values}\n[overlay]\nkind="mask"')
