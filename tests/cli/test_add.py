import tomllib
from pathlib import Path

import cv2
import pytest

from segcore.networks.card import ModelCard
from segcore.networks.catalogue import cards
from tests.cli.test_main import assert_refused, segdeck

ESPNET = "espnetv2_s1.0_pascal_256x256.onnx"
PICTURE = Path(__file__).resolve().parents[2] / "pages/assets/astronaut.jpg"


def test_a_network_is_added_with_what_is_said_and_the_rest_proposed(shared, models_dir, tmp_path):
    file, preview = shared / "models/SINet_Softmax.onnx", tmp_path / "preview.png"
    said = ["--name", "portrait", "--title", "Portrait", "--licence", "MIT", "--labels", "human", "--channels", "bgr"]
    said += ["--scale", "1", "--mean", "102.9,111.2,126.9", "--std", "62.9,62.8,66.3", "--output", "probability"]
    done = segdeck("models", "add", file, *said, "--test-picture", PICTURE, "--preview", preview)
    assert done.returncode == 0, done.stderr
    card = cards()["portrait"]
    assert ModelCard.model_validate({"name": "portrait", **tomllib.loads(done.stdout)}) == card
    assert done.stdout.startswith("# ONNX · takes 320x320 pixels")
    assert (card.title, card.licence, card.labels[0].name) == ("Portrait", "MIT", "human")
    assert (card.input.width_px, card.input.mean, card.input.channels) == (320, (102.9, 111.2, 126.9), "bgr")
    assert "portrait: added, unverified" in done.stderr
    assert cv2.imread(str(preview)).shape == (256, 512, 3)
    assert segdeck("models", "confirm", "portrait").returncode == 0
    assert card.finding().verified == "confirmed"
    assert [path.name for path in models_dir.iterdir()] == ["portrait"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.onnx"], "There is no file 'none.onnx'"),
        ([PICTURE], "not one network"),
        ([ESPNET, "--mean", "1,2"], "input.mean"),
        ([ESPNET, "--mean", "a,b,c"], "must be a number"),
        ([ESPNET, "--labels", "a,b"], "2 or 3 channels are expected"),
        ([ESPNET, "--labels", "a,a"], "two of them are called 'a'"),
        ([ESPNET, "--name", "No Name"], "small letters"),
        ([ESPNET, "--preview", "x.png"], "--test-picture and --preview go together"),
        ([ESPNET, "--test-picture", PICTURE, "--preview", "/none/x.png"], "There is no folder"),
        (["frozen_inference_graph.pb"], "Assert"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(arguments, words, shared, models_dir):
    known = shared / "models" / str(arguments[0])
    arguments = [known if known.is_file() else arguments[0], *arguments[1:]]
    assert_refused(segdeck("models", "add", *arguments), words)
    assert list(models_dir.iterdir()) == []
