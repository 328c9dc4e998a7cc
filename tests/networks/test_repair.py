import cv2
import numpy as np
import pytest

from segcore.networks.repair import repair, with_expand, with_resize, without_outer_transposes
from tests.tiny_networks import ReferenceEvaluator, helper, mixer, model, onnx


def upsample(mode, height, width, to_height, to_width):
    scales = np.array([1, 1, to_height / height, to_width / width], np.float32)
    nodes = [helper.make_node("Upsample", ["x", "scales"], ["y"], mode=mode)]
    return model(nodes, (1, 2, height, width), (1, 2, to_height, to_width), {"scales": scales}, opset=9)


def run(network, picture):
    """What onnx's own reference says that a network answers."""
    return ReferenceEvaluator(network).run(None, {"x": picture})[0]


def run_in_opencv(network, picture):
    net = cv2.dnn.readNetFromONNX(np.frombuffer(network.SerializeToString(), np.uint8))
    net.setInput(picture)
    return net.forward()


def kinds(network):
    return [node.op_type for node in network.graph.node if node.op_type != "Constant"]


def noise(*shape):
    return np.random.default_rng(0).random(shape, np.float32)


def rows(*values):
    """Two channels, two rows each: the values, and their doubles."""
    row = np.array(values, np.float32)
    return np.stack([np.stack([row, row]), 2 * np.stack([row, row])])[None]


def test_a_nearest_upsample_becomes_a_resize_that_answers_the_same():
    old = upsample("nearest", 3, 4, 6, 12)
    repaired = with_resize(old)
    assert kinds(repaired) == ["Resize"]
    onnx.checker.check_model(repaired, full_check=True)
    picture = noise(1, 2, 3, 4)
    assert np.array_equal(run(repaired, picture), run(old, picture))
    assert np.array_equal(run_in_opencv(repaired, picture), run(old, picture))


@pytest.mark.parametrize("reader", [run, run_in_opencv])
def test_a_linear_upsample_by_a_whole_factor_starts_at_the_first_pixel(reader):
    repaired = with_resize(upsample("linear", 2, 3, 4, 6))
    expected = rows(0, 1, 2, 3, 4, 4)
    assert np.allclose(reader(repaired, rows(0, 2, 4))[:, :, 0], expected[:, :, 0])


@pytest.mark.parametrize("reader", [run, run_in_opencv])
def test_a_linear_upsample_that_can_only_have_meant_aligned_corners_aligns_them(reader):
    repaired = with_resize(upsample("linear", 2, 3, 2, 5))
    assert np.allclose(reader(repaired, rows(0, 2, 4)), rows(0, 1, 2, 3, 4))


@pytest.mark.parametrize("reader", [run, run_in_opencv])
def test_a_single_pixel_is_spread(reader):
    repaired = with_expand(with_resize(upsample("linear", 1, 1, 3, 4)))
    assert kinds(repaired) == ["Expand"]
    pixel = np.array([[[[5]], [[7]]]], np.float32)
    assert np.array_equal(reader(repaired, pixel), np.broadcast_to(pixel, (1, 2, 3, 4)))


def test_a_resize_of_more_than_a_pixel_stays():
    repaired = with_resize(upsample("linear", 2, 3, 4, 6))
    assert with_expand(repaired) == repaired


def test_outer_transposes_are_dropped():
    old = mixer([[1, 0, 0], [0, 2, 0]], 4, 6, channels_last=True, end="Relu")
    repaired = without_outer_transposes(old)
    assert kinds(repaired) == ["Conv", "Relu"]
    onnx.checker.check_model(repaired, full_check=True)
    picture = noise(1, 4, 6, 3)
    first = run(repaired, np.ascontiguousarray(picture.transpose(0, 3, 1, 2)))
    assert np.allclose(first.transpose(0, 2, 3, 1), run(old, picture))


def test_a_transpose_stays_where_another_layer_needs_what_it_is_given():
    nodes = [
        helper.make_node("Transpose", ["x"], ["turned"], perm=[0, 3, 1, 2]),
        helper.make_node("Relu", ["x"], ["straight"]),
        helper.make_node("Transpose", ["straight"], ["also"], perm=[0, 3, 1, 2]),
        helper.make_node("Add", ["turned", "also"], ["y"]),
    ]
    network = model(nodes, (1, 4, 6, 3), (1, 3, 4, 6))
    assert without_outer_transposes(network) == network


@pytest.mark.parametrize("perm", [[0, 2, 3, 1], [0, 1, 3, 2]])
def test_another_transpose_at_the_door_stays(perm):
    nodes = [helper.make_node("Transpose", ["x"], ["turned"], perm=perm), helper.make_node("Relu", ["turned"], ["y"])]
    network = model(nodes, (1, 4, 6, 3), tuple((1, 4, 6, 3)[axis] for axis in perm))
    assert without_outer_transposes(network) == network


def test_repair_leaves_what_it_is_given_as_it_is():
    for network in (upsample("linear", 1, 1, 3, 4), mixer([[1, 0, 0]], channels_last=True)):
        before = network.SerializeToString()
        repair(network)
        assert network.SerializeToString() == before


def test_a_network_with_nothing_to_mend_comes_back_alike():
    network = mixer([[1, 0, 0]])
    assert repair(network) == network


def test_repaired_deeplab_finds_what_it_should(shared):
    repaired = repair(onnx.load(shared / "models/deeplab_v3_1_default_1.onnx"))
    picture = cv2.imread(str(shared / "data/voc_golden/segmentation_input_rotation0.jpg"))
    golden = cv2.imread(str(shared / "data/voc_golden/segmentation_golden_rotation0.png"), cv2.IMREAD_GRAYSCALE) // 10
    answer = run_in_opencv(repaired, cv2.dnn.blobFromImage(picture, 1 / 127.5, (257, 257), (127.5,) * 3, swapRB=True))
    assert len(np.unique(golden)) > 1
    assert (answer[0].argmax(axis=0) == golden).mean() >= 0.99
