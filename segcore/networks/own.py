"""A network of one's own: the card that is proposed for its files, and adding it to the others."""

import colorsys
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Literal

import tomli_w
from pydantic import ValidationError

from segcore.errors import SegdeckError
from segcore.networks.card import (
    FINDING,
    CardLabel,
    Finding,
    ModelCard,
    NetInput,
    NetworkFile,
    Source,
    Triple,
    cards,
    file_sha256,
    new_own_name,
)
from segcore.networks.check import NetworkFacts, check, inspect, split
from segcore.networks.files import KINDS
from segcore.options import explain
from segcore.processes.posix import alone_in, stand_in
from segcore.segmentation import Image, Label, Segmentation, hex_to_color
from segcore.settings import settings

CONFIG_ENDINGS = {".caffemodel": ".prototxt", ".weights": ".cfg"}
"""How the second file ends that goes with some weights."""
_ACCEPTED = (
    "ONNX (.onnx), TFLite (.tflite), TensorFlow (.pb), Caffe (.prototxt with .caffemodel) and "
    "Darknet (.cfg with .weights) are accepted."
)
VOC = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "dining table", "dog",
    "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv",
)  # fmt: skip
"""The 20 classes of PASCAL VOC, on which most published networks with 21 channels were trained; background is first."""
_ADDING = ".adding-"
_MOST_CHANNELS = 255  # background and the labels that a label map can hold
_PERSON_COLOR = "#34c759"


@dataclass(frozen=True, slots=True)
class Feed:
    """A usual way to feed networks: ``(pixel * scale - mean) / std``, per channel."""

    scale: float
    mean: Triple = (0, 0, 0)
    std: Triple = (1, 1, 1)
    channels: Literal["rgb", "bgr"] = "rgb"


# What comes out of the formula: 0 to 1, -1 to 1, less the mean of a training set, or the pixels as they are.
UNIT = Feed(1 / 255)
SYMMETRIC = Feed(1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
IMAGENET = Feed(1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CAFFE = Feed(1, (104, 117, 123), channels="bgr")
RAW = Feed(1, channels="bgr")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was found in a network's files, and a card that fits as far as it can be told.

    Attributes
    ----------
    facts
        What the files and a trial run tell.
    card
        For a person to correct: how a network wants to be fed is not written in its files.
    files
        Where the files lie, by the names that the card gives them.
    """

    facts: NetworkFacts
    card: ModelCard
    files: Mapping[str, Path]


def sort_files(paths: Sequence[Path]) -> tuple[Path, Path | None]:
    """Tell a network's weights from the file with its layout.

    Parameters
    ----------
    paths
        One file, or a pair in any order.

    Returns
    -------
    tuple
        The weights, and the layout where it is a file of its own.

    Raises
    ------
    SegdeckError
        If, by their endings, they are no network or half of a pair.
    """
    by_ending = {path.suffix.lower(): path for path in paths}
    for weights, config in CONFIG_ENDINGS.items():
        if len(half := {weights, config} & by_ending.keys()) == 1 and len(paths) == 1:
            there, missing = (weights, config) if weights in half else (config, weights)
            raise SegdeckError(f"A {there} file goes with a {missing} file; give both.")
    kinds = [ending for ending in by_ending if ending in KINDS]
    wanted = {kinds[0], CONFIG_ENDINGS.get(kinds[0], kinds[0])} if kinds else set()
    if not wanted or by_ending.keys() != wanted or len(paths) != len(wanted):
        raise SegdeckError(f"This is not one network; {_ACCEPTED}")
    config_ending = CONFIG_ENDINGS.get(kinds[0])
    return by_ending[kinds[0]], by_ending[config_ending] if config_ending else None


def propose(weights: Path, config: Path | None = None, stem: str = "") -> Proposal:
    """Look into a network's files, in a process of its own, and propose a card for it.

    Parameters
    ----------
    weights, config
        Its files, as `sort_files` tells them apart.
    stem
        What the card's name and title are made from; the weights' own name if empty.

    Returns
    -------
    Proposal
        Its card has a name that no other has.

    Raises
    ------
    SegdeckError
        If it is too large, not a network, or one that can't be run.
    """
    facts = inspect(weights, config)
    if facts.channels > _MOST_CHANNELS:
        raise SegdeckError(
            f"This network answers with {facts.channels} channels; at most {_MOST_CHANNELS} are accepted."
        )
    name = _free_name(stem or weights.stem)
    labels = propose_labels(1 if facts.output == "argmax" else label_count(facts.channels, background=True))
    files = {f"network{path.suffix.lower()}": path for path in (weights, config) if path}
    described = [
        NetworkFile(name=own, size_bytes=path.stat().st_size, sha256=file_sha256(path)) for own, path in files.items()
    ]
    card = ModelCard(
        name=name,
        title=name.replace("_", " ").capitalize(),
        family=name,
        task=describe_labels([label.name for label in labels]),
        licence="unknown",
        source=Source(project="added by hand"),
        weights=described[0],
        config=described[1] if config else None,
        input=NetInput(
            width_px=facts.input_width_px,
            height_px=facts.input_height_px,
            layout=facts.layout,
            **asdict(_usual_feed(facts)),
        ),
        output=facts.output,
        labels=labels,
    )
    return Proposal(facts, card, files)


def label_count(channels: int, *, background: bool) -> int:
    """Return how many labels a network with so many channels has; one that has a single channel has no other."""
    return channels - 1 if background and channels > 1 else channels


def propose_labels(number: int) -> tuple[CardLabel, ...]:
    """Return names and colours for so many labels, as well as they can be guessed."""
    names: Sequence[str] = [f"class {place}" for place in range(1, number + 1)]
    if number in (1, len(VOC)):
        names = VOC if number > 1 else ["person"]
    return color_labels(names)


def color_labels(names: Sequence[str]) -> tuple[CardLabel, ...]:
    """Return labels of these names in colours that are easily told apart; a person in the green of the other cards."""
    return tuple(
        CardLabel(name=name, color=_PERSON_COLOR if name == "person" else distinct_color(place))
        for place, name in enumerate(names)
    )


def distinct_color(place: int) -> str:
    """Return the colour of the label at a place, from 0 on, as ``#rrggbb``.

    Each hue is the golden ratio of a turn away from the one before: however many there are, they are spread evenly.
    """
    hue = (0.56 + place * 0.618034) % 1
    saturation, brightness = ((0.75, 0.8), (0.6, 0.95), (0.9, 0.6))[place % 3]
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, brightness))
    return f"#{red:02x}{green:02x}{blue:02x}"


def describe_labels(names: Sequence[str]) -> str:
    """Say in one sentence what a network with labels of these names finds."""
    if len(names) > 4:
        return f"Finds {', '.join(names[:3])} and {len(names) - 3} more."
    return f"Finds {' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))}."


def try_on(card: ModelCard, files: Mapping[str, Path], image: Image) -> Segmentation:
    """Split a picture with a network that is not added yet, in a process of its own.

    Parameters
    ----------
    card, files
        As for `add`.
    image
        (H, W, 3) uint8, BGR, of any size.

    Returns
    -------
    Segmentation
        With hard edges.

    Raises
    ------
    SegdeckError
        If the network does not do what its card says.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, path in files.items():
            stand_in(Path(folder, name), path)
        label_map = split(card, Path(folder), image)
    return Segmentation(label_map, tuple(Label(one.name, hex_to_color(one.color)) for one in card.labels))


def add(card: ModelCard, files: Mapping[str, Path], folder: Path | None = None) -> Finding:
    """Check a network in a process of its own and put it among the others, in one step.

    Parameters
    ----------
    card
        As its owner corrected it.
    files
        By the names that the card gives them, where they lie now: weights, layout, reference picture and mask.
    folder
        The folder of a visitor whose own the network stays; where it is left out all can use it.

    Returns
    -------
    Finding
        What was found; "unverified" unless the card has a reference.

    Raises
    ------
    SegdeckError
        If another network has this name, or this one does not do what its card says. Nothing is left behind then.
    """
    models = folder or settings().models_dir
    _refuse_taken(card.name)
    try:
        if not folder:
            models.mkdir(parents=True, exist_ok=True)  # an installed package's first
        with _folder_within(models) as outer:
            new = outer / card.name
            new.mkdir()
            for name, path in files.items():
                shutil.copyfile(path, new / name)
            found = check(card, new)
            (new / "card.toml").write_text(card_toml(card), "utf-8")
            (new / FINDING).write_text(found.to_toml(), "utf-8")
            os.rename(new, models / card.name)
    except OSError as error:
        _refuse_taken(card.name)
        raise SegdeckError(f"The network could not be saved: {error.strerror}.") from error
    return found


@contextmanager
def _folder_within(models: Path) -> Iterator[Path]:
    """Give a folder from where one step publishes a network, so deep that half of it is not taken for one.

    It goes in the end; what a process that was killed left goes here. A folder is locked while somebody works in it.
    """
    with ExitStack() as stack:
        with alone_in(models):
            for left in models.glob(f"{_ADDING}*"):
                with suppress(OSError), alone_in(left, wait=False):
                    shutil.rmtree(left)
            outer = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=_ADDING, dir=models)))
            stack.enter_context(alone_in(outer))
        yield outer


def keep_apart(proposal: Proposal) -> Proposal:
    """Return a proposal whose card has the name of a visitor's own network."""
    name = new_own_name()
    return replace(proposal, card=proposal.card.model_copy(update={"name": name, "family": name}))


def share(own: ModelCard, name: str) -> Finding:
    """Give a visitor's own network to all, as a copy under a name of its own.

    Raises
    ------
    SegdeckError
        As `add`, and if the name is no card's name.
    """
    try:
        card = ModelCard.model_validate(own.model_dump() | {"name": name, "family": name})
    except ValidationError as error:
        raise explain(error) from None
    files = (file.name for file in (own.weights, own.config) if file)
    return add(card, {file: own.path.with_name(file) for file in files})


def card_toml(card: ModelCard) -> str:
    """Write a card as the TOML text that stands in its folder."""
    return tomli_w.dumps(card.model_dump(mode="json", exclude={"name"}, exclude_none=True))


def _taken() -> set[str]:
    """Return the names that a card can't have. A family's is one: recipes that name the family would get the card."""
    folders = {path.name for path in settings().models_dir.glob("*")}
    return folders | {card.family for card in cards().values()}


def _refuse_taken(name: str) -> None:
    if name in _taken():
        raise SegdeckError(f"There is a network called {name!r} already; choose another name.")


def _free_name(stem: str) -> str:
    base = re.sub("[^a-z0-9]+", "_", stem.lower())[:40].strip("_") or "network"
    taken = _taken()
    return next(name for number in count(1) if (name := base if number == 1 else f"{base}_{number}") not in taken)


def _usual_feed(facts: NetworkFacts) -> Feed:
    """Return what networks of this kind were most often trained with."""
    if facts.kind == "caffe":
        return CAFFE
    if facts.kind == "darknet":
        return UNIT
    return IMAGENET if facts.kind == "onnx" and facts.layout == "nchw" else SYMMETRIC
