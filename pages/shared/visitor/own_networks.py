"""A visitor's own networks: which they are, and how many may be."""

from dataclasses import dataclass
from pathlib import Path

from pages.shared.visitor.visits import shelf
from segcore.errors import SegdeckError
from segcore.networks.card import ModelCard
from segcore.networks.catalogue import own_cards
from segcore.networks.folders import OWN_NETWORKS
from segcore.settings import settings


@dataclass
class OwnNetworks:
    """The names of the visitor's own networks."""

    names: tuple[str, ...] = ()


def own_folder() -> Path:
    """Return the folder where the visitor's own networks lie."""
    return shelf(OWN_NETWORKS).folder


def networks_of_this_visit() -> dict[str, ModelCard]:
    """Return the cards of the visitor's own networks by name."""
    return own_cards(shelf(OWN_NETWORKS).store.get(OwnNetworks).names)


def note_own(card: ModelCard) -> None:
    """Count a network among this visitor's own."""
    shelf(OWN_NETWORKS).store.get(OwnNetworks).names = (*networks_of_this_visit(), card.name)


def check_room(size_bytes: int) -> None:
    """Refuse a network for which the visit has no room.

    Raises
    ------
    SegdeckError
        If there are as many, or as large ones, as a visit may have.
    """
    limits, own = settings(), networks_of_this_visit().values()
    if len(own) >= limits.own_networks:
        raise SegdeckError(
            f"A visit has room for so many networks of its own: {limits.own_networks}. Remove one to add another."
        )
    total_mb = (size_bytes + sum(card.size_bytes for card in own)) / 1e6
    if total_mb > limits.own_networks_mb:
        raise SegdeckError(
            f"With this one your networks have {total_mb:.0f} MB; the most accepted is {limits.own_networks_mb} MB."
        )
