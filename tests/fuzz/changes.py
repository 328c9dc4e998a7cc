"""Changes on the command line: ``--set`` with places and values that are nearly right, wrong, or too much."""

import contextlib
import io
import random
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np

from segcore.cli.main import main
from segcore.errors import SegdeckError
from segcore.recipe import ready_recipes
from tests.fuzz.recipes import VALUES, bomb, near, table

_LONGEST = 100_000  # the system takes 131,072 bytes an argument, and none that is zero
_IMAGE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8).repeat(4, 0).repeat(4, 1)


@dataclass(frozen=True)
class Given:
    """A ready recipe's name, and what comes behind each ``--set``."""

    recipe: str
    changes: tuple[str, ...]


def make(rng: random.Random) -> Given:
    """Make some changes."""
    number = rng.choice((1, 1, 2, 3))
    return Given(rng.choice(list(ready_recipes())), tuple(_change(rng) for _ in range(number)))


def try_one(given: Given, folder: Path) -> Iterable[str]:
    """Run ``segdeck segment`` with them on a small photo."""
    source, target = folder / "given" / "in.png", folder / "made" / "out.png"
    source.write_bytes(cv2.imencode(".png", _IMAGE)[1].tobytes())
    command = ["segdeck", "segment", str(source), str(target), "--recipe", given.recipe]
    for change in given.changes:
        command += ["--set", change]
    printed = io.StringIO()
    with mock.patch.object(sys, "argv", command), contextlib.redirect_stderr(printed):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    words = printed.getvalue()
    if code == 0 and not words:
        return ["out.png"]
    if code != 2 or not words.startswith("segdeck: ") or words.count("\n") != 1:
        raise AssertionError(f"exit status {code} and {words[:300]!r}")
    raise SegdeckError(words.removeprefix("segdeck: ").removesuffix("\n"))


def _change(rng: random.Random) -> str:
    steps, now = _field(rng)
    place, value = ".".join(steps if rng.random() < 0.5 else _bent(rng, steps)), _value(rng, now)
    return rng.choice((*(f"{place}={value}",) * 12, f"{place} = {value}", place, f"{place}==", f"={value}", value))


def _field(rng: random.Random) -> tuple[list[str], Any]:
    """Return the way to a field, and what is there."""
    steps: list[str] = []
    spot: Any = table(rng)
    while not steps or (isinstance(spot, dict | list) and spot and rng.random() < 0.8):
        key = rng.choice(list(spot) if isinstance(spot, dict) else range(len(spot)))
        steps.append(str(key))
        spot = spot[key]
    return steps, spot


def _bent(rng: random.Random, steps: list[str]) -> list[str]:
    """Return a way to a field that is none, or another one's."""
    number = rng.randrange(len(steps))
    step, before, after = steps[number], steps[:number], steps[number + 1 :]
    number_or_word = rng.choice(("0", "-1", "9" * 20, "x", "", " ", "title"))
    deeper = rng.choice(("0", "a", "__class__", "model_config", "kind"))
    ending = rng.choice(("s", "\u00e9", "\n", "'", '"', "[0]", "\x1b[31m", "x" * 3000))
    known = rng.choice(("ranges", "seeds", "colors", "box", "strokes"))
    return rng.choice(
        (
            before + after,
            [*before, number_or_word, step, *after],
            [*before, "".join(rng.sample(step, len(step))), *after],
            [*before, step[:-1], *after],
            steps + [deeper] * rng.choice((1, 2, 5000)),
            [*before, step + ending, *after],
            [one.upper() for one in steps],
            ["segmenter", known, "0", "low"][: rng.choice((2, 3, 4))],
        )
    )


def _value(rng: random.Random, now: Any) -> str:
    """Return a value as one types it: one near what is there now, any, or one that is much to read."""
    if rng.random() < 0.1:
        return bomb(rng)[:_LONGEST]
    value = rng.choice(VALUES) if rng.random() < 0.6 else near(rng, now)
    text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
    if rng.random() < 0.2:
        cut = rng.randrange(len(text) + 1)
        text = text[:cut] + rng.choice(("", "[", '"', "\n", ",", "}", "'''", "\\u12", "\\", "#")) + text[cut:]
    return text.replace("\x00", "")[:_LONGEST]
