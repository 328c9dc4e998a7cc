import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segcore.evaluation.flicker import Flicker
from segcore.evaluation.metrics import boundary_f
from segcore.iou import iou
from segcore.methods.network import NetworkOptions
from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import BT601
from segcore.picture.frame import Frame
from segcore.refinement import Refinement
from segcore.refinement.stage import carry_numbers
from segcore.segmentation import Label, Segmentation
from tests.conftest import noise
from tests.streams import Stream

CAT, DOG = Label("cat", (0, 0, 255)), Label("dog", (0, 255, 0))
STEPS = {
    "smoothing": 0.8,
    "open_percent": 2.0,
    "close_percent": 2.0,
    "fill_holes": True,
    "smallest_percent": 1.0,
    "edge_percent": 1.0,
    "feather_percent": 2.0,
}
EVERY_STEP = Refinement(**STEPS)
HEIGHT, WIDTH = 180, 240


def disc(x: float, y: float = 90, radius: int = 40) -> np.ndarray:
    """A disc as a label map."""
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    return cv2.circle(drawn, (round(x), round(y)), radius, 1, cv2.FILLED)


def picture_of(label_map: np.ndarray, seed: int = 0, sigma: float = 0) -> Canvas:
    """A bright thing before a dark background, with camera noise."""
    image = np.full((*label_map.shape, 3), 60, np.uint8)
    image[label_map > 0] = 170
    grain = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return Canvas.sharing_image((image + grain).clip(0, 255).astype(np.uint8))


def soft(label_map: np.ndarray, sigma: float = 3) -> Segmentation:
    """One label with soft edges."""
    confidence = cv2.GaussianBlur(label_map * np.uint8(255), (0, 0), sigma)
    return Segmentation((confidence > 127).astype(np.uint8), (CAT,), confidence[None])


def hard(*rows: str) -> Segmentation:
    return Segmentation(np.uint8([[int(cell) for cell in row] for row in rows]), (CAT, DOG))


def refined(segmentation: Segmentation, canvas: Canvas | None = None, **steps: object) -> Segmentation:
    image = Canvas.sharing_image(np.zeros((*segmentation.label_map.shape, 3), np.uint8))
    return Refinement(**steps).build().refine(segmentation, Frame(canvas or image))


def test_with_every_step_off_nothing_is_done():
    segmentation = soft(disc(100))
    assert refined(segmentation) is segmentation


# what any step owes


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (17, 31), (33, 32), (90, 160), (361, 203)])
def test_each_step_takes_any_size(step, size):
    image = noise(*size)
    rng = np.random.default_rng(0)
    confidence = rng.integers(0, 128, (2, *size), np.uint8)
    label_map = rng.integers(0, 3, size, np.uint8)
    for segmentation in (
        Segmentation(label_map, (CAT, DOG), confidence, note="still learning"),
        Segmentation(label_map, (CAT, DOG), instances=label_map.astype(np.int32)),
        Segmentation(np.minimum(label_map, 1), (CAT,)),
        Segmentation(np.zeros(size, np.uint8), (CAT, DOG)),
    ):
        before = [
            None if one is None else one.copy() for one in (image, segmentation.label_map, segmentation.confidence)
        ]
        refiner = Refinement(**{step: STEPS[step]}).build()
        for _ in range(2):
            result = refiner.refine(segmentation, Frame.of_image(image))
            assert result.label_map.shape == size
            assert result.label_map.dtype == np.uint8
            assert (result.labels, result.note) == (segmentation.labels, segmentation.note)
            if result.confidence is not None:
                assert result.confidence.shape == (len(result.labels), *size)
                assert result.confidence.dtype == np.uint8
            assert (result.instances is None) == (segmentation.instances is None)
        for one, then in zip((image, segmentation.label_map, segmentation.confidence), before, strict=True):
            assert one is None or np.array_equal(one, then)


@given(arrays(np.uint8, (2, 12, 16), elements=st.integers(0, 127)))
def test_the_label_map_is_that_of_the_highest_confidence(confidence):
    """What the labels leave of 255 is background's."""
    segmentation = Segmentation(np.zeros((12, 16), np.uint8), (CAT, DOG), confidence)
    result = refined(segmentation, Canvas.sharing_image(noise(12, 16)), edge_percent=2, feather_percent=3)
    cat, dog = result.confidence.astype(int)
    background = np.maximum(0, 255 - cat - dog)
    assert np.array_equal(result.label_map, np.argmax([background, cat, dog], axis=0))


def test_frames_planes_are_refined_as_their_picture_is():
    image, segmentation = picture_of(disc(100), sigma=3).bgr(), soft(disc(104))
    of_image = EVERY_STEP.build().refine(segmentation, Frame.of_image(image))
    of_planes = EVERY_STEP.build().refine(segmentation, Frame(Canvas.converted_from(image, BT601)))
    assert iou(of_image.label_map > 0, of_planes.label_map > 0) > 0.99


# cleaning


def test_a_hard_result_stays_hard_when_cleaned():
    result = refined(hard("11111", "10001", "10201", "10001", "11111"), fill_holes=True)
    assert result.confidence is None
    assert result.label_map.tolist() == [[1] * 5, [1] * 5, [1, 1, 2, 1, 1], [1] * 5, [1] * 5]


def test_a_label_grows_over_background_and_never_over_another():
    rows = ["1" * 60 + "0" + "1" * 60 + "2" + "1" * 60] * 100
    result = refined(hard(*rows), close_percent=3)
    assert result.label_map[50].tolist() == [1] * 121 + [2] + [1] * 60


def test_a_small_part_goes_from_a_soft_result():
    label_map = disc(100) | disc(200, 30, 5)
    result = refined(soft(label_map), smallest_percent=2)
    assert result.label_map[30, 200] == 0
    assert result.confidence[0, 30, 200] == 0
    assert result.label_map[90, 100] == 1


def test_feathering_fades_an_edge_over_its_width():
    label_map = np.zeros((100, 100), np.uint8)
    label_map[:, 50:] = 1
    row = refined(Segmentation(label_map, (CAT,)), feather_percent=3).confidence[0, 50]
    assert row[40] == 0
    assert row[60] == 255
    assert np.count_nonzero((row > 0) & (row < 255)) == 2


# edges


@pytest.mark.parametrize("make", [soft, lambda label_map: Segmentation(label_map, (CAT,))], ids=["soft", "hard"])
def test_an_edge_is_drawn_along_the_pictures_own(make):
    truth = disc(100) > 0
    off = make(disc(102, 91))
    result = refined(off, picture_of(disc(100), sigma=4), edge_percent=2)
    assert iou(result.label_map > 0, truth) > 0.98 > iou(off.label_map > 0, truth)
    assert boundary_f(result.label_map > 0, truth, 1) > boundary_f(off.label_map > 0, truth, 1)


def test_well_inside_and_outside_nothing_shines_through():
    confidence = refined(soft(disc(100)), Canvas.sharing_image(noise(HEIGHT, WIDTH)), edge_percent=1).confidence[0]
    assert (confidence[disc(100, radius=15) > 0] == 255).all()
    assert (confidence[disc(100, radius=65) == 0] == 0).all()


def test_two_labels_that_meet_leave_no_seam():
    label_map = np.ones((HEIGHT, WIDTH), np.uint8)
    label_map[:, 120:] = 2
    result = refined(Segmentation(label_map, (CAT, DOG)), picture_of(disc(100), sigma=4), edge_percent=1)
    assert result.label_map.min() == 1


# steadying


def flicker(pictures: list[Canvas], found: list[Segmentation]) -> float:
    meter = Flicker()
    for canvas, one in zip(pictures, found, strict=True):
        meter.add(canvas.bgr(), one.label_map)
    return meter.value()


def test_flicker_on_a_still_picture_is_at_least_halved():
    rng = np.random.default_rng(0)
    pictures = [picture_of(disc(100), seed, sigma=6) for seed in range(20)]
    raw = [soft(disc(100 + rng.normal(0, 1.5), 90 + rng.normal(0, 1.5))) for _ in pictures]
    refiner = Refinement(smoothing=0.8).build()
    steady = [refiner.refine(one, Frame(canvas)) for one, canvas in zip(raw, pictures, strict=True)]
    assert flicker(pictures, raw) > 0.02
    assert flicker(pictures, steady) < flicker(pictures, raw) / 2


@pytest.mark.parametrize("speed", [0.5, 2, 6])
def test_a_moving_things_mask_does_not_lag(speed):
    refiner = Refinement(smoothing=0.9).build()
    for number in range(20):
        truth = disc(60 + speed * number)
        result = refiner.refine(soft(truth), Frame(picture_of(truth, number, sigma=6)))
        assert iou(result.label_map > 0, truth > 0) > 0.98


def test_what_fades_in_a_still_picture_is_gone_in_the_end():
    refiner = Refinement(smoothing=0.8).build()
    canvas, nothing = picture_of(disc(100)), Segmentation(np.zeros((HEIGHT, WIDTH), np.uint8), (CAT,))
    refiner.refine(soft(disc(100)), Frame(canvas))
    assert refiner.refine(nothing, Frame(canvas)).label_map.any()
    for _ in range(10):
        result = refiner.refine(nothing, Frame(canvas))
    assert not result.label_map.any()


def test_another_size_starts_anew():
    refiner = Refinement(smoothing=0.9).build()
    refiner.refine(soft(disc(100)), Frame(picture_of(disc(100))))
    small = np.zeros((60, 80), np.uint8)
    assert not refiner.refine(Segmentation(small, (CAT,)), Frame(picture_of(small))).label_map.any()


def test_other_labels_start_anew():
    refiner = Refinement(smoothing=0.9).build()
    canvas = picture_of(disc(100))
    refiner.refine(soft(disc(100)), Frame(canvas))
    nothing = Segmentation(np.zeros((HEIGHT, WIDTH), np.uint8), (DOG,))
    assert not refiner.refine(nothing, Frame(canvas)).label_map.any()


# objects


def test_won_pixels_take_the_number_of_the_nearest_object():
    numbers = np.int32([[7, 7, 0, 0, 0, 9]])
    before, after = np.uint8([[1, 1, 0, 0, 0, 1]]), np.uint8([[0, 1, 1, 0, 1, 1]])
    assert carry_numbers(numbers, before, after).tolist() == [[0, 7, 7, 0, 9, 9]]


def test_a_pixel_takes_no_number_of_another_label():
    numbers, before = np.int32([[7, 7, 0, 0]]), np.uint8([[1, 1, 0, 0]])
    assert carry_numbers(numbers, before, np.uint8([[1, 2, 2, 0]])).tolist() == [[7, 0, 0, 0]]


def test_objects_are_cut_as_their_label_is():
    label_map = disc(100) | disc(200, 30, 4)
    numbers = np.where(disc(200, 30, 4) > 0, np.int32(5), label_map.astype(np.int32))
    result = refined(Segmentation(label_map, (CAT,), instances=numbers), smallest_percent=2)
    assert np.array_equal(result.instances, disc(100))


# on a person


@pytest.mark.usefixtures("weights")
def test_a_still_person_stands_still(astronaut):
    segmenter, refiner = Stream(NetworkOptions(model="selfie")), Refinement(smoothing=0.8, edge_percent=1).build()
    raw, steady = Flicker(), Flicker()
    for seed in range(90):
        grain = np.random.default_rng(seed).normal(0, 6, astronaut.shape)
        image = (astronaut + grain).clip(0, 255).astype(np.uint8)
        found = segmenter.segment(image)
        raw.add(image, found.label_map)
        steady.add(image, refiner.refine(found, Frame.of_image(image)).label_map)
    assert steady.value() <= raw.value() / 2


@pytest.mark.usefixtures("weights")
def test_people_are_cut_better_than_by_the_network_alone(shared):
    image = cv2.imread(str(shared / "data/judo/images/00000.jpg"))
    truth = cv2.imread(str(shared / "data/judo/masks/00000.png"), cv2.IMREAD_GRAYSCALE) > 0
    raw = Stream(NetworkOptions(model="selfie")).segment(image)
    result = refined(raw, Canvas.sharing_image(image), smoothing=0.8, edge_percent=1)
    assert iou(result.label_map > 0, truth) >= iou(raw.label_map > 0, truth)
    assert boundary_f(result.label_map > 0, truth) > boundary_f(raw.label_map > 0, truth)
