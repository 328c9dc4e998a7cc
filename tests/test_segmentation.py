import numpy as np

from segcore.segmentation import Label, Mask, Segmentation, grey_levels, hex_to_color

CAT, DOG = Label("cat", (0, 0, 255)), Label("dog", (255, 0, 0))


def test_hard_masks_are_zero_outside_and_not_zero_inside():
    two = Segmentation(np.array([[0, 1, 2]], np.uint8), (CAT, DOG))
    assert (two.mask(1).values > 0).tolist() == [[False, True, False]]
    assert (two.mask(2).values > 0).tolist() == [[False, False, True]]
    assert (two.foreground().values > 0).tolist() == [[False, True, True]]
    assert two.foreground().opacity().tolist() == [[0, 255, 255]]
    assert not two.soft


def test_soft_masks_are_the_confidence():
    confidence = np.array([[[0, 100, 200]], [[0, 100, 200]]], np.uint8)
    two = Segmentation(np.array([[0, 1, 1]], np.uint8), (CAT, DOG), confidence)
    assert two.soft
    assert two.mask(2).values.tolist() == [[0, 100, 200]]


def test_between_two_labels_the_foreground_is_as_sure_as_both_together():
    confidence = np.array([[[128, 200]], [[127, 200]]], np.uint8)
    two = Segmentation(np.array([[1, 1]], np.uint8), (CAT, DOG), confidence)
    assert two.foreground().values.tolist() == [[255, 255]]
    assert two.foreground().opacity().tolist() == [[255, 255]]
    assert confidence.tolist() == [[[128, 200]], [[127, 200]]]


def test_grey_is_white_for_one_label_and_a_step_for_each_of_several():
    assert Segmentation(np.array([[0, 1]], np.uint8), (CAT,)).grey().tolist() == [[0, 255]]
    three = Segmentation(np.array([[0, 1, 2, 3]], np.uint8), (CAT, DOG, Label("cow", (0, 0, 0))))
    assert three.grey().tolist() == [[0, 85, 170, 255]]
    soft = Segmentation(np.array([[0, 1]], np.uint8), (CAT,), np.array([[[90, 140]]], np.uint8))
    assert soft.grey().tolist() == [[90, 140]]


def test_grey_levels_rise_to_white():
    levels = grey_levels(254)
    assert levels[0] == 0
    assert levels[254] == 255
    assert (np.diff(levels[:255].astype(int)) >= 1).all()


def test_a_color_is_blue_green_red():
    assert hex_to_color("#ff8001") == (1, 128, 255)


def test_a_mask_knows_what_its_values_mean():
    hard, soft = Mask(np.array([[0, 1, 7]], np.uint8)), Mask(np.array([[0, 1, 7]], np.uint8), soft=True)
    assert hard.opacity().tolist() == [[0, 255, 255]]
    assert soft.opacity().tolist() == [[0, 1, 7]]
    assert not hard.empty
    assert Mask(np.zeros((2, 2), np.uint8)).empty


def test_half_a_mask_is_the_mean_of_each_block_or_its_first_pixel():
    values = np.array([[0, 255], [255, 255]], np.uint8)
    assert Mask(values).halved().values.tolist() == [[0]]
    assert Mask(values, soft=True).halved().values.tolist() == [[191]]


def test_what_is_computed_from_a_segmentation_is_computed_once():
    asked = []
    one = Segmentation(np.array([[0, 1]], np.uint8), (CAT,))
    assert [one.compute(lambda_ := lambda it: asked.append(it) or 5), one.compute(lambda_)] == [5, 5]
    assert asked == [one]
