"""The kinds of input there are, and in which order they are tried."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.fuzz import changes, clips, networks, pictures, recipes


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    Attributes
    ----------
    make
        Makes an input. The same random numbers give the same one.
    try_one
        Does with it what a page or the command line does. Its input's files go into ``given`` of the folder, its
        results into ``made``; it returns the names of those that shall be there, and raises `SegdeckError` where the
        input is refused. It raises anything else where what came out is wrong.
    share
        How many of every twenty inputs are of this kind: fewer of those that take long.
    seconds
        How much processor time an input may take, that of all its processes together.
    """

    make: Callable[[random.Random], Any]
    try_one: Callable[[Any, Path], Iterable[str]]
    share: int
    seconds: float = 30

    def make_from(self, seed: int) -> Any:
        """Make an input; it is the same each time."""
        return self.make(random.Random(seed))


KINDS = {
    "clips": Kind(clips.make, clips.try_one, share=3),
    "pictures": Kind(pictures.make, pictures.try_one, share=4),
    "recipes": Kind(recipes.make, recipes.try_one, share=6),
    "changes": Kind(changes.make, changes.try_one, share=6),
    "networks": Kind(networks.make, networks.try_one, share=1, seconds=60),
}


def in_turn(names: Sequence[str], first_seed: int) -> Iterator[tuple[str, int]]:
    """Yield kinds and seeds without end, the kinds mixed as their shares say."""
    seeds = {name: count(first_seed) for name in names}
    while True:
        for step in range(max(KINDS[name].share for name in names)):
            for name in names:
                if step < KINDS[name].share:
                    yield name, next(seeds[name])
