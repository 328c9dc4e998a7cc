"""Networks: small ones of every format, whole, damaged, lying about their size, or wanting more than is given."""

import itertools
import random
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from segcore.methods.network import NetworkOptions
from segcore.networks.adding import add, try_on
from segcore.networks.card import ModelCard
from segcore.networks.formats import sort_files
from segcore.networks.proposal import propose
from segcore.networks.store import remove
from segcore.options import explain
from tests.fuzz.mutations import mangle, word
from tests.fuzz.recipes import VALUES
from tests.hand_written import write_caffe, write_darknet, write_tensorflow
from tests.streams import Stream

_ROOT = Path(__file__).resolve().parents[2]
_LARGEST_SEED = 3_000_000
_IMAGE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
_ENDINGS = (".onnx", ".tflite", ".pb", ".caffemodel", ".prototxt", ".weights", ".cfg", ".txt")


@dataclass(frozen=True)
class Given:
    """Files that are taken for a network, by name, and what is put otherwise in the card that is proposed."""

    files: Mapping[str, bytes]
    corrections: Mapping[str, Any]


def make(rng: random.Random) -> Given:
    """Make a network, or what is none."""
    return Given(rng.choice(_MAKERS)(rng), _corrections(rng))


def try_one(given: Given, folder: Path) -> Iterable[str]:
    """Look into a network, try it on a picture, add it, use it and remove it, as the Models page does."""
    paths = [folder / "given" / name for name in given.files]
    for path, content in zip(paths, given.files.values(), strict=True):
        path.write_bytes(content)
    proposal = propose(sort_files(paths))
    card = _correct(proposal.card, given.corrections)
    if try_on(card, proposal.files, _IMAGE).label_map.shape != _IMAGE.shape[:2]:
        raise AssertionError("the label map has another shape than the picture")
    add(card, proposal.files)
    try:
        Stream(NetworkOptions(model=card.name)).segment(_IMAGE)
    finally:
        remove(card)
    return ()


def _correct(card: ModelCard, corrections: Mapping[str, Any]) -> ModelCard:
    """Put what was said in place of what was proposed."""
    said = card.model_dump() | {name: value for name, value in corrections.items() if name != "input"}
    said["input"] |= corrections.get("input", {})
    try:
        return ModelCard.model_validate(said)
    except ValidationError as error:
        raise explain(error) from None


def _corrections(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.6:
        return {}
    feeds = {
        "width_px": (1, 7, 64, 100_000, 2**31, -1),
        "height_px": (1, 16, 33, 100_000),
        "scale": (1e-38, 1e38, 0, float("nan")),
        "mean": ((1e30, 0, 0), (0, 0), "a"),
        "std": ((0, 0, 0), (1e-38,) * 3, (float("inf"),) * 3),
        "channels": ("bgr", "grey"),
        "layout": ("nhwc", "nchw"),
    }
    if rng.random() < 0.6:
        return {"input": {name: rng.choice(feeds[name]) for name in rng.sample(list(feeds), rng.choice((1, 2)))}}
    labels = [{"name": f"part {number}", "color": "#34c759"} for number in range(rng.choice((1, 2, 3, 254, 255)))]
    others = {
        "labels": (labels, labels + labels, []),
        "output": tuple({"kind": kind} for kind in ("probability", "logits", "argmax", "x")),
        "title": ("![x](http://127.0.0.1:9/a.png)", "x" * 5000, "a\nb", ""),
        "name": ("../x", "selfie", "selfie_general", "x" * 300, "", ".adding-x"),
        "licence": VALUES,
    }
    name = rng.choice(list(others))
    return {name: rng.choice(others[name])}


@cache
def _small_ones() -> tuple[Mapping[str, bytes], ...]:
    """Return small networks that work: files by name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = [
            write_darknet(folder, np.array([0.5, -0.5, 1, 0, 0, 0, 0, 1])),
            write_caffe(folder),
            [write_tensorflow(folder)],
        ]
        found = [{path.name: path.read_bytes() for path in pair} for pair in pairs]
    ours = sorted((_ROOT / "models").glob("*/*.tflite"))
    lent = sorted(path for path in (_ROOT.parent / "shared/models").glob("*") if path.suffix in _ENDINGS)
    large = [{path.name: path.read_bytes()} for path in (*ours, *lent) if path.stat().st_size < _LARGEST_SEED]
    return (*found, *({"net.onnx": one} for one in _tiny_onnx()), *large)


@cache
def _tiny_onnx() -> tuple[bytes, ...]:
    from tests.tiny_networks import mixer

    rgb = np.eye(3, dtype=np.float32)
    networks = [
        *(mixer(rgb, end=end) for end in ("Identity", "Softmax", "Sigmoid", "ArgMax")),
        mixer(rgb[:1], end="Sigmoid"),
        mixer(rgb, channels_last=True),
        mixer(rgb, "height", "width"),
        mixer(np.ones((254, 3))),
    ]
    return tuple(bytes(network.SerializeToString()) for network in networks)


def _whole(rng: random.Random) -> Mapping[str, bytes]:
    return rng.choice(_small_ones())


def _damaged(rng: random.Random) -> Mapping[str, bytes]:
    files = dict(_whole(rng))
    name = rng.choice(list(files))
    return files | {name: mangle(rng, files[name], head=0.6)}


def _renamed(rng: random.Random) -> Mapping[str, bytes]:
    """A network's files by other names, too many of them, or one too few."""
    contents = [*_whole(rng).values(), *_whole(rng).values()][: rng.choice((1, 1, 2, 3))]
    stems = ("net", "Net \U0001f600", "x" * 200, "...", "-rf", "a b")
    return {f"{rng.choice(stems)}{number}{rng.choice(_ENDINGS)}": one for number, one in enumerate(contents)}


def _lying_layout(rng: random.Random) -> Mapping[str, bytes]:
    """A Caffe or Darknet layout with other numbers, or other words."""
    files = dict(rng.choice(_small_ones()[:2]))
    name = next(name for name in files if name.endswith((".prototxt", ".cfg")))
    words = files[name].split(b" ") if name.endswith(".prototxt") else files[name].split(b"=")
    for _ in range(rng.choice((1, 1, 3))):
        place = rng.randrange(len(words))
        number = str(rng.choice((word(rng), -1, 0, 10**12, 50_000, 3000))).encode()
        match rng.randrange(3):
            case 0:
                words[place] = number
            case 1:
                words.insert(place, rng.choice(words))
            case _:
                lines = words[place].split(b"\n")
                words[place] = b"\n".join([number, *lines[1:]])
    return files | {name: (b" " if name.endswith(".prototxt") else b"=").join(words)}


def _strange_onnx(rng: random.Random) -> Mapping[str, bytes]:
    """An ONNX network with other layers, shapes, weights or names."""
    from tests.tiny_networks import onnx

    network = onnx.ModelProto.FromString(rng.choice(_tiny_onnx()))
    graph = network.graph
    for _ in range(rng.choice((1, 1, 2, 4))):
        match rng.randrange(8):
            case 0:  # another layer
                rng.choice(graph.node).op_type = rng.choice(_LAYERS)
            case 1:  # weights
                weights = rng.choice(graph.initializer)
                weights.raw_data = rng.choice(
                    (b"", weights.raw_data[:-4], rng.randbytes(len(weights.raw_data)), b"\xff" * len(weights.raw_data))
                )
            case 2:  # their shape
                rng.choice(graph.initializer).dims[0] = rng.choice((0, 1, -1, 10**6, 2**62, word(rng)))
            case 3:  # the input's shape
                lengths = graph.input[0].type.tensor_type.shape.dim
                rng.choice(lengths).dim_value = rng.choice((0, 1, 3, 5, 1000, 20_000, 100_000, -1, 2**62))
            case 4:  # weights in another file
                weights = rng.choice(graph.initializer)
                weights.data_location = onnx.TensorProto.EXTERNAL
                weights.external_data.add(key="location", value=rng.choice(("/etc/passwd", "../card.toml", "x")))
            case 5:  # names
                rng.choice(graph.node).name = rng.choice(("a\nb", "x" * 3000, "/tmp/a", "\u202e", ""))
                rng.choice(graph.node).op_type += rng.choice(("", "x" * 300, "\n"))
            case 6:  # what goes where: a ring, an end that is not there
                node = rng.choice(graph.node)
                node.input[0] = rng.choice((*node.output, "nowhere"))
            case _:  # of another time
                network.opset_import[0].version = rng.choice((1, 7, 9, 11, 22, 999, 0))
    return {"net.onnx": bytes(network.SerializeToString())}


_LAYERS = (
    "Relu", "Flatten", "GlobalAveragePool", "Fancy", "Softmax", "Upsample", "Resize", "Transpose", "Loop", "If",
    "Split", "Exp", "Log", "Neg", "Gather", "Where", "NonZero", "Cast", "Shape", "Pad", "Slice", "MaxPool",
    "ConvTranspose",
)  # fmt: skip


def _hungry_onnx(rng: random.Random) -> Mapping[str, bytes]:
    """A small file that makes much: of memory, of work, or of an answer."""
    from tests.tiny_networks import helper, model

    side = rng.choice((100, 2000, 8000, 100_000))
    match rng.randrange(4):
        case 0:  # one pixel, spread
            nodes = [helper.make_node("Relu", ["x"], ["one"]), helper.make_node("Expand", ["one", "shape"], ["y"])]
            network = model(nodes, (1, 3, 1, 1), (1, 3, side, side), {"shape": np.array([1, 3, side, side], np.int64)})
        case 1:  # very many layers
            names = ["x", *(f"n{number}" for number in range(side - 1)), "y"]
            nodes = [helper.make_node("Relu", [a], [b]) for a, b in itertools.pairwise(names)]
            network = model(nodes, (1, 3, 64, 64), (1, 3, 64, 64))
        case 2:  # a large input
            network = model([helper.make_node("Sigmoid", ["x"], ["y"])], (1, 3, side, side), (1, 3, side, side))
        case _:  # wide layers
            width = min(side, 2000)
            weights = {"w": np.zeros((width, 3, 1, 1), np.float32), "v": np.zeros((2, width, 1, 1), np.float32)}
            nodes = [helper.make_node("Conv", ["x", "w"], ["wide"]), helper.make_node("Conv", ["wide", "v"], ["y"])]
            network = model(nodes, (1, 3, 512, 512), (1, 2, 512, 512), weights)
    return {"net.onnx": bytes(network.SerializeToString())}


def _noise(rng: random.Random) -> Mapping[str, bytes]:
    content = rng.choice((b"", b"\x00" * 100, rng.randbytes(500), b"Dear network, ..."))
    return {f"net{rng.choice(_ENDINGS)}": content}


_MAKERS = (
    *(_whole,) * 2,
    *(_damaged,) * 5,
    *(_strange_onnx,) * 5,
    *(_lying_layout,) * 2,
    *(_hungry_onnx,) * 2,
    _renamed,
    _noise,
)
