import numpy as np
import pytest

from segcore.networks.answers import ArgmaxAnswer, Choice, Fed, LogitsAnswer, ProbabilityAnswer
from tests.plain import refused

FED = Fed(2, 4, "nchw")
BOTH = Choice((1, 2), known=2)


def outputs(*channels):
    """A network's one output, (1, C, 2, 4), from what each channel is in each column."""
    return {"y": np.repeat(np.array(channels, np.float32)[None, :, None], 2, axis=2)}


def columns(read):
    label_map, confidence = read
    return label_map[0].tolist(), None if confidence is None else confidence[:, 0].tolist()


def test_probabilities_are_read_with_and_without_a_channel_of_the_background():
    labels = [0.9, 0.2, 0.3, 0], [0.1, 0.7, 0.3, 1]
    both = ProbabilityAnswer().read(outputs(*labels), FED, BOTH, 2, 4)
    assert columns(both) == ([1, 2, 0, 2], [[255, 32, 64, 0], [0, 191, 64, 255]])
    over = ProbabilityAnswer().read(outputs([0, 0.8, 0.1, 0], *labels), FED, BOTH, 2, 4)
    assert columns(over)[0] == [1, 0, 1, 2]


def test_of_logits_the_softmax_is_read():
    found = LogitsAnswer().read(outputs([0, 0, 0, 0], [-9, np.log(3), 9, 0], [-9, 0, 0, 9]), FED, BOTH, 2, 4)
    assert columns(found) == ([0, 1, 1, 2], [[0, 159, 255, 0], [0, 32, 0, 255]])


def test_numbers_of_labels_are_read_without_confidence():
    assert columns(ArgmaxAnswer().read(outputs([0, 1, 2, 3]), FED, BOTH, 2, 4)) == ([0, 1, 2, 0], None)


@pytest.mark.parametrize("answer", [ProbabilityAnswer(), LogitsAnswer(), ArgmaxAnswer()], ids=lambda one: one.kind)
def test_only_the_chosen_labels_are_found(answer):
    number = outputs([0, 1, 2, 2]) if answer.kind == "argmax" else outputs([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1])
    assert columns(answer.read(number, FED, Choice((2,), known=2), 2, 4))[0] == [0, 0, 1, 1]


def test_under_the_floor_nothing_is_found():
    found = ProbabilityAnswer().read(outputs([0.9, 0.6, 0.7, 0]), FED, Choice((1,), known=1, floor=0.65), 2, 4)
    assert columns(found)[0] == [1, 0, 1, 0]


def test_the_first_output_is_read_in_its_own_order_of_axes():
    channels_last = {name: one.transpose(0, 2, 3, 1) for name, one in outputs([0.9, 0, 0, 0], [0, 0, 0, 0.9]).items()}
    fed = Fed(2, 4, "nhwc")
    found = ProbabilityAnswer().read({**channels_last, "other": np.zeros(3, np.float32)}, fed, BOTH, 2, 4)
    assert columns(found)[0] == [1, 0, 0, 2]


@pytest.mark.parametrize(
    ("answer", "channels", "words"),
    [
        (ProbabilityAnswer(), [[0] * 4] * 4, "(4, 2, 4)"),
        (LogitsAnswer(), [[0] * 4] * 1, "2 or 3 channels are expected"),
        (ArgmaxAnswer(), [[0] * 4] * 2, "1 channels are expected"),
        (LogitsAnswer(), [[np.nan] * 4] * 2, "not finite"),
        (ArgmaxAnswer(), [[np.inf] * 4], "not finite"),
        (ProbabilityAnswer(), [[1.1] * 4] * 2, "outside 0 to 1"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(answer, channels, words):
    with refused("The network Net answers with", words):
        answer.check(outputs(*channels), FED, 2, "Net")


def test_an_answer_that_fits_is_taken():
    ProbabilityAnswer().check(outputs([0] * 4, [1] * 4), FED, 2, "Net")
    LogitsAnswer().check(outputs([-99] * 4, [99] * 4, [0] * 4), FED, 2, "Net")
    ArgmaxAnswer().check(outputs([0, 1, 2, 1]), FED, 2, "Net")
