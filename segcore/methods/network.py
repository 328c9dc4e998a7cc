"""Split by a neural network: any network that has a model card, run by OpenCV's dnn module."""

import math
import threading
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from segcore.errors import SegdeckError
from segcore.methods.base import MethodOptions
from segcore.model_card import CardName, ModelCard, family, missing
from segcore.scaling import shrink
from segcore.segmentation import Image, Label, Segmentation, hex_to_color, u8

_SURE = 0.1  # a probability this near 0 or 1 is taken as sure: no trace of the background shines through


class NetworkOptions(MethodOptions):
    """Split by a neural network."""

    title: ClassVar[str] = "Neural network"
    method: Literal["network"] = "network"
    model: CardName = Field(
        default="selfie",
        title="Network",
        description="A card's name, or a family's: then the card nearest the picture's shape is used.",
    )

    def build(self) -> "NetworkSegmenter":
        """Return a segmenter whose networks are loaded, checked and warm."""
        return NetworkSegmenter(self)


class Network:
    """One loaded network. Threads may share it: a `cv2.dnn.Net` gives wrong masks if two run it at once."""

    def __init__(self, card: ModelCard) -> None:
        """Load, check and warm up a network.

        Raises
        ------
        SegdeckError
            If its file is missing or damaged, OpenCV can't read it, or its answer has a wrong shape or no finite value.
        """
        card.verify()
        self.card = card
        self._lock = threading.Lock()
        try:
            self._net = cv2.dnn.readNet(str(card.path))
            # The first forward takes up to five times the others, so this is the warm-up as well.
            answer = self.forward(_ramp(card.input.height_px, card.input.width_px))
        except cv2.error as error:
            # OpenCV's own words fill several lines and name folders of this computer.
            reason = " ".join(error.err.replace(str(card.path), card.weights.name).split())
            raise SegdeckError(f"OpenCV can't run the network {card.title}: {reason}.") from None
        self._check(answer)

    def forward(self, image: Image) -> npt.NDArray[np.float32]:
        """Run the network.

        Parameters
        ----------
        image
            (H, W, 3) uint8, BGR, of its input's size.

        Returns
        -------
        ndarray
            (C, h, w) float32: what the network says, in its own size.
        """
        feed = self.card.input
        blob = cv2.dnn.blobFromImage(image, feed.scale, swapRB=feed.channels == "rgb")
        if any(feed.mean) or feed.std != (1, 1, 1):
            mean, std = (np.reshape(of, (1, 3, 1, 1)).astype(np.float32) for of in (feed.mean, feed.std))
            blob = (blob - mean) / std
        with self._lock:
            self._net.setInput(blob)
            answer = np.array(self._net.forward(), np.float32)  # a copy: the net reuses its memory
        return answer.reshape(-1, *answer.shape[-2:])

    def _check(self, answer: npt.NDArray[np.float32]) -> None:
        card, channels = self.card, answer.shape[0]
        wanted = (1,) if card.output == "argmax" else (len(card.labels), len(card.labels) + 1)
        if channels not in wanted or min(answer.shape[1:]) < 2:
            raise SegdeckError(
                f"The network {card.title} answers with shape {answer.shape}, which does not fit its card: "
                f"{' or '.join(map(str, wanted))} channels are expected."
            )
        if not np.isfinite(answer).all():
            raise SegdeckError(f"The network {card.title} answers with values that are not finite.")
        if card.output == "probability" and (answer.min() < -0.01 or answer.max() > 1.01):
            raise SegdeckError(f"The network {card.title} answers with values outside 0 to 1, not probabilities.")


class NetworkSegmenter:
    """Runs the network of a family whose shape is nearest the picture's."""

    def __init__(self, options: NetworkOptions) -> None:
        self._networks = tuple(load_network(card) for card in family(options.model))

    def segment(self, image: Image) -> Segmentation:
        """Run the network and bring its answer to the picture's size.

        Parameters
        ----------
        image
            (H, W, 3) uint8, BGR.

        Returns
        -------
        Segmentation
            With confidence, so with soft edges, unless the network answers with labels only.
        """
        height, width = image.shape[:2]
        return self.segment_reduced(shrink(image, *self.working_size(height, width)), height, width)

    def working_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the size of the network's input."""
        feed = nearest(self._networks, width / height).card.input
        return feed.height_px, feed.width_px

    def segment_reduced(self, small: Image, height: int, width: int) -> Segmentation:
        """Run the network on a picture of its input's size and bring its answer to another size."""
        network = nearest(self._networks, width / height)
        answer = network.forward(small)
        labels = tuple(Label(one.name, hex_to_color(one.color)) for one in network.card.labels)
        if network.card.output == "argmax":
            values = answer[0].clip(0, 255).astype(np.uint8)
            label_map = cv2.resize(values, (width, height), interpolation=cv2.INTER_NEAREST)
            return Segmentation(np.where(label_map <= len(labels), label_map, np.uint8(0)), labels)
        if network.card.output == "logits":
            answer = _to_probability(answer)
        planes = _enlarge(answer, height, width)
        background = planes.shape[0] > len(labels)
        return Segmentation(_label_map(planes, background=background), labels, planes[1:] if background else planes)


def nearest(networks: tuple[Network, ...], aspect: float) -> Network:
    """Return the network whose input is nearest a picture's width over height, as a factor."""
    return min(networks, key=lambda network: abs(math.log(network.card.aspect() / aspect)))


def load_network(card: ModelCard) -> Network:
    """Return a card's network, loaded once for all who use it.

    Raises
    ------
    SegdeckError
        As `Network`.
    """
    if not card.installed:
        raise missing(card)
    with _LOADING:
        return _load(card, card.path, card.path.stat().st_mtime_ns)


_LOADING = threading.Lock()


@lru_cache(maxsize=8)
def _load(card: ModelCard, path: Path, changed_ns: int) -> Network:  # noqa: ARG001  a changed file is loaded anew
    return Network(card)


def _ramp(height: int, width: int) -> Image:
    """Return a picture with all greys, (height, width, 3)."""
    row = np.linspace(0, 255, width).astype(np.uint8)
    return np.repeat(np.tile(row, (height, 1))[..., None], 3, axis=2)


def _to_probability(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Softmax over channels; the logistic function where there is only one."""
    if logits.shape[0] == 1:
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
    powers = np.exp(logits - logits.max(axis=0))
    return np.asarray(powers / powers.sum(axis=0), np.float32)


def _enlarge(probability: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.uint8]:
    """Bring (C, h, w) probabilities to (C, height, width), 0 to 255, with the nearly sure ones made sure."""
    stretched = (probability - _SURE) * (255 / (1 - 2 * _SURE))
    small = np.rint(stretched.clip(0, 255)).astype(np.uint8)
    planes = np.empty((len(small), height, width), np.uint8)
    for plane, target in zip(small, planes, strict=True):
        cv2.resize(plane, (width, height), target, interpolation=cv2.INTER_LINEAR)
    return planes


def _label_map(planes: npt.NDArray[np.uint8], *, background: bool) -> npt.NDArray[np.uint8]:
    """Return the label of the highest confidence; the first listed where two are equal."""
    if len(planes) == 1:
        return u8(cv2.threshold(planes[0], 127, 1, cv2.THRESH_BINARY)[1])
    best = planes.argmax(axis=0).astype(np.uint8)
    return best if background else np.where(planes.max(axis=0) > 127, best + np.uint8(1), np.uint8(0))
