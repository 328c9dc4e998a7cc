import os
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from segcore.networks.card import ModelCard
from segcore.networks.catalogue import family
from segcore.networks.loaded import load_network
from segcore.networks.network import Network
from tests.conftest import WriteCard
from tests.plain import refused
from tests.tiny_networks import find_red

LONG_S = 30
"""For what should be there at once: only a test that fails waits so long."""


@pytest.fixture
def card_of(write_card: WriteCard, tmp_path: Path):
    """Write the card of a network that is here."""

    def make(name: str, **changes: object) -> ModelCard:
        (tmp_path / "net.onnx").write_bytes(find_red())
        (card,) = family(write_card(name, tmp_path / "net.onnx", **changes))
        return card

    return make


def start(card: ModelCard) -> Future[Network]:
    """Load a network on a thread that ends with the process, should it wait for ever."""
    loading: Future[Network] = Future()

    def work() -> None:
        try:
            loading.set_result(load_network(card))
        except Exception as error:
            loading.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return loading


@pytest.fixture
def slow(card_of) -> tuple[ModelCard, Path]:
    """A network and its reference image, a pipe: who loads it waits as long as somebody has the pipe open."""
    card = card_of("slow", reference={"picture": "pipe.png", "mask": "none.png"})
    os.mkfifo(card.folder / "pipe.png")
    return card, card.folder / "pipe.png"


def test_a_network_is_loaded_once_for_all_who_use_it(card_of) -> None:
    card = card_of("one")
    networks = [loading.result(LONG_S) for loading in [start(card) for _ in range(8)]]
    assert all(network is networks[0] for network in networks)
    assert load_network(card_of("other")) is not networks[0]


def test_who_wants_another_network_waits_for_no_load(card_of, slow) -> None:
    network = load_network(card_of("one"))
    card, pipe = slow
    loading = start(card)
    with pipe.open("wb"):
        assert start(network.card).result(LONG_S) is network, "it is in memory"
        assert start(card_of("other")).result(LONG_S).card.name == "other"
        assert not loading.done()
    with refused("The reference of Slow"):
        loading.result(LONG_S)


def test_who_waits_for_a_network_is_told_why_it_failed_and_may_try_again(slow) -> None:
    card, pipe = slow
    loading = start(card)
    with pipe.open("wb"):
        pipe.unlink()
        waiting = [start(card) for _ in range(3)]
    for one in (loading, *waiting, start(card)):
        with refused("The reference of Slow"):
            one.result(LONG_S)


def test_weights_that_change_are_loaded_anew(card_of) -> None:
    card = card_of("one")
    first = load_network(card)
    weights = card.folder / card.weights.name
    os.utime(weights, ns=(0, 0))
    assert load_network(card) is not first


def test_only_the_networks_that_were_used_last_are_kept(card_of) -> None:
    first, *others = (card_of(f"net{number}") for number in range(9))
    kept = load_network(others[0])
    network = load_network(first)
    for card in others[1:]:
        load_network(card)
        assert load_network(others[0]) is kept
    assert load_network(first) is not network


def test_a_network_that_is_gone_is_not_given_from_memory(card_of) -> None:
    card = card_of("one")
    load_network(card)
    (card.folder / card.weights.name).unlink()
    with refused("is not installed"):
        load_network(card)
