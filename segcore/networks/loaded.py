"""The networks that are in memory: each is loaded once for all who use it."""

import threading
from collections import OrderedDict
from concurrent.futures import Future
from typing import TypeAlias

from segcore.networks.card import ModelCard, missing
from segcore.networks.finding import Finding
from segcore.networks.network import Network, open_network

_MOST = 8
"""How many networks are kept: those that were asked for last."""

_Key: TypeAlias = tuple[ModelCard, str, tuple[int, ...], Finding | None]
_networks: OrderedDict[_Key, Future[Network]] = OrderedDict()
_lock = threading.Lock()  # held to look a network up, never while one is loaded


def load_network(card: ModelCard) -> Network:
    """Return a card's network, which is loaded unless it is in memory.

    Who asks for a network that somebody else is loading waits for that one alone; one in memory is there at once.

    Raises
    ------
    SegdeckError
        As `open_network`; whoever asks next tries anew.
    """
    key = _key(card)
    with _lock:
        loading = _networks.get(key)
        if mine := loading is None:
            loading = _networks[key] = Future()
            if len(_networks) > _MOST:
                _networks.popitem(last=False)
        _networks.move_to_end(key)
    if mine:
        try:
            loading.set_result(open_network(card))
        except BaseException as error:
            with _lock:
                if _networks.get(key) is loading:
                    del _networks[key]
            loading.set_exception(error)
    return loading.result()


def _key(card: ModelCard) -> _Key:
    """Return what makes a network another one: its card, its files on the disk, and what was found of it."""
    if not card.installed:
        raise missing(card)
    folder = card.folder
    changed_ns = tuple((folder / file.name).stat().st_mtime_ns for file in card.files)
    return card, str(folder), changed_ns, card.finding()
