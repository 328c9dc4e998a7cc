"""Segment by a neural network: any network that has a model card."""

import math
from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import FailFast, Field

from segcore.errors import SegdeckError, quote, suggest
from segcore.methods.base import MethodOptions
from segcore.networks.answers import Choice
from segcore.networks.card import CardLabel, CardName, ModelCard
from segcore.networks.catalogue import family
from segcore.networks.loaded import load_network
from segcore.networks.network import Network
from segcore.options import unit
from segcore.picture.frame import Frame
from segcore.segmentation import Label, Segmentation, hex_to_color


class NetworkOptions(MethodOptions):
    """Segment by a neural network."""

    title: ClassVar[str] = "Neural network"
    method: Literal["network"] = "network"
    model: CardName = Field(
        default="selfie",
        title="Network",
        description="A card's name, or a family's: then the card nearest the picture's shape is used.",
    )
    classes: Annotated[tuple[Annotated[str, Field(max_length=40)], ...], Field(max_length=254), FailFast()] = Field(
        default=(),
        title="Classes",
        description="The labels to find, by name; all if none is chosen. The others count as background.",
    )
    colors: Annotated[tuple[CardLabel, ...], Field(max_length=254), FailFast()] = Field(
        default=(), title="Colours", description="Labels to show in another colour than their card's."
    )
    floor: float = Field(
        default=0,
        ge=0,
        le=0.95,
        title="Confidence floor",
        description="Where the network is less sure than this, there is background.",
        json_schema_extra=unit("", 0.05),
    )

    def build(self) -> "NetworkSegmenter":
        """Return a segmenter whose networks are loaded, checked and warm.

        Raises
        ------
        SegdeckError
            If there is no such network, it is not installed, can't be used, or has no label of a name given here.
        """
        return NetworkSegmenter(self)


class NetworkSegmenter:
    """Runs the network of a family whose shape is nearest the picture's."""

    def __init__(self, options: NetworkOptions) -> None:
        cards = family(options.model)
        self._choices = {card.name: _choice(card, options) for card in cards}
        self._labels = {card.name: _labels(card, self._choices[card.name], options.colors) for card in cards}
        self._networks = tuple(load_network(card) for card in cards)

    def segment(self, frame: Frame) -> Segmentation:
        """Run the network and bring its answer to the frame's size.

        Parameters
        ----------
        frame
            Of any size.

        Returns
        -------
        Segmentation
            With confidence, so with soft edges, unless the network answers with labels only.
        """
        height, width = frame.size
        network = nearest(self._networks, width / height)
        card = network.card
        small = frame.bgr_at(card.input.height_px, card.input.width_px)
        label_map, confidence = network.segment(small, self._choices[card.name], height, width)
        return Segmentation(label_map, self._labels[card.name], confidence)


def _choice(card: ModelCard, options: NetworkOptions) -> Choice:
    """Return which of a card's labels are to be found."""
    _refuse_unknown(card, options.classes)
    numbered = enumerate(card.labels, start=1)
    wanted = tuple(number for number, label in numbered if not options.classes or label.name in options.classes)
    return Choice(wanted, len(card.labels), options.floor)


def _labels(card: ModelCard, choice: Choice, colors: tuple[CardLabel, ...]) -> tuple[Label, ...]:
    _refuse_unknown(card, [one.name for one in colors])
    own = {one.name: one.color for one in colors}
    chosen = [card.labels[number - 1] for number in choice.wanted]
    return tuple(Label(one.name, hex_to_color(own.get(one.name, one.color))) for one in chosen)


def _refuse_unknown(card: ModelCard, names: Iterable[str]) -> None:
    """Refuse a label that the card does not have. A recipe alone can't tell: the card may be on another machine."""
    known = [label.name for label in card.labels]
    for name in names:
        if name not in known:
            raise SegdeckError(f"The network {card.title} has no label {quote(name)}; {suggest(name, known)}")


def nearest(networks: tuple[Network, ...], aspect: float) -> Network:
    """Return the network whose input is nearest a picture's width over height, as a factor."""
    return min(networks, key=lambda network: abs(math.log(network.card.aspect() / aspect)))
