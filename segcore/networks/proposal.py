"""Proposes a card for a network's files, for a person to correct."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Literal

from segcore.errors import SegdeckError
from segcore.networks.card import ModelCard, NetInput, PerChannel
from segcore.networks.catalogue import taken_names
from segcore.networks.check import NetworkFacts, inspect
from segcore.networks.files import NetworkFile, file_sha256
from segcore.networks.folders import new_own_name
from segcore.networks.label_guesses import describe_labels, label_count, propose_labels

_MOST_CHANNELS = 255  # background and the labels that a label map can hold


@dataclass(frozen=True, slots=True)
class Feed:
    """A usual way to feed networks: ``(pixel * scale - mean) / std``, per channel."""

    scale: float
    mean: PerChannel = (0, 0, 0)
    std: PerChannel = (1, 1, 1)
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
        Where the files are now, by the names that the card gives them.
    """

    facts: NetworkFacts
    card: ModelCard
    files: Mapping[str, Path]


def propose(files: Sequence[Path], stem: str = "") -> Proposal:
    """Look into a network's files, in a process of its own, and propose a card for it.

    Parameters
    ----------
    files
        As `segcore.networks.formats.sort_files` orders them.
    stem
        What the card's name and title are made from; the name of the first file if empty.

    Returns
    -------
    Proposal
        Its card has a name that no other has.

    Raises
    ------
    SegdeckError
        If it is too large, not a network, or one that can't be run.
    """
    facts = inspect(files)
    if facts.channels > _MOST_CHANNELS:
        raise SegdeckError(
            f"This network answers with {facts.channels} channels; at most {_MOST_CHANNELS} are accepted."
        )
    name = _free_name(stem or files[0].stem)
    labels = propose_labels(1 if facts.output == "argmax" else label_count(facts.channels, background=True))
    named = {f"network{path.suffix.lower()}": path for path in files}
    card = ModelCard(
        name=name,
        title=name.replace("_", " ").capitalize(),
        family=name,
        task=describe_labels([label.name for label in labels]),
        licence="unknown",
        project="added by hand",
        files=tuple(_describe_file(own, path) for own, path in named.items()),
        input=NetInput(
            width_px=facts.input_width_px,
            height_px=facts.input_height_px,
            layout=facts.layout,
            **asdict(_usual_feed(facts)),
        ),
        output={"kind": facts.output},
        labels=labels,
    )
    return Proposal(facts, card, named)


def keep_apart(proposal: Proposal) -> Proposal:
    """Return a proposal whose card has the name of a visitor's own network."""
    name = new_own_name()
    return replace(proposal, card=proposal.card.model_copy(update={"name": name, "family": name}))


def _describe_file(name: str, path: Path) -> NetworkFile:
    return NetworkFile(name=name, size_bytes=path.stat().st_size, sha256=file_sha256(path))


def _free_name(stem: str) -> str:
    base = re.sub("[^a-z0-9]+", "_", stem.lower())[:40].strip("_") or "network"
    taken = taken_names()
    return next(name for number in count(1) if (name := base if number == 1 else f"{base}_{number}") not in taken)


def _usual_feed(facts: NetworkFacts) -> Feed:
    """Return what networks of this kind were most often trained with."""
    if facts.kind == "caffe":
        return CAFFE
    if facts.kind == "darknet":
        return UNIT
    return IMAGENET if facts.kind == "onnx" and facts.layout == "nchw" else SYMMETRIC
