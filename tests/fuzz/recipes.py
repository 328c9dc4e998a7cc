"""Recipes: texts that are nearly right, values of every wrong type, and small texts that are much to read."""

import base64
import random
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from segcore.methods import METHODS
from segcore.overlays import OVERLAYS
from segcore.pipeline import build_pipeline
from segcore.recipe import load_recipe, parse_recipe, ready_recipes, start_with
from tests.fuzz import pictures
from tests.fuzz.mutations import mangle

_IMAGE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8).repeat(4, 0).repeat(4, 1)

VALUES: tuple[Any, ...] = (
    True, False, 0, 1, -1, 2, 255, 10**15, -(2**63), 2**64, 10**400, 0.5, -0.0, 1e308, float("inf"), float("nan"), "",
    "a", "otsu", "red", "#34c759", "#xyz", "true", "1", "x" * 10_000, "\x00", "\U0001f600" * 50, "../../etc/passwd",
    "/srv/passwd", "[", "{}", "a\nb", "a\u2028b", "\x1b[31m", "$(ls)", "{0}", "%s", [], [1], [[]], [1, "a", None],
    [0, 0, 100], ["red"] * 300, {}, {"a": 1}, {"method": "threshold"}, [{}], [{"name": "a"}],
)  # fmt: skip
"""What may stand where something else is wanted."""


def make(rng: random.Random) -> bytes:
    """Make a recipe's text, or what is none."""
    return rng.choice(_MAKERS)(rng)


def try_one(given: bytes, folder: Path) -> Iterable[str]:
    """Open a recipe, write and read it again, and segment an image with it."""
    path = folder / "given" / "recipe.toml"
    path.write_bytes(given)
    recipe = load_recipe(path)
    again = parse_recipe(recipe.to_toml())
    if again != recipe:
        raise AssertionError("a recipe that was written reads back as another one")
    result = build_pipeline(recipe)(_IMAGE)
    if result.segmentation.label_map.shape != _IMAGE.shape[:2] or result.image.ndim != 3:
        raise AssertionError(f"a result of another shape: {result.image.shape}")
    return ()


def table(rng: random.Random) -> dict[str, Any]:
    """Return a recipe as a table, every field in it: a ready one's, or one of any method and overlay."""
    if rng.random() < 0.5:
        return rng.choice(list(ready_recipes().values())).model_dump(mode="json")
    changed = start_with(rng.choice(list(METHODS))).model_dump(mode="json")
    return changed | {"overlay": OVERLAYS[rng.choice(list(OVERLAYS))]().model_dump(mode="json")}


def _ready(rng: random.Random) -> bytes:
    return tomli_w.dumps(table(rng)).encode()


def _mangled(rng: random.Random) -> bytes:
    return mangle(rng, _ready(rng), head=0.2)


def _shuffled(rng: random.Random) -> bytes:
    """Lines left out, doubled, swapped, or of another recipe."""
    lines, others = _ready(rng).splitlines(), _ready(rng).splitlines()
    for _ in range(rng.choice((1, 2, 5))):
        place = rng.randrange(len(lines))
        match rng.randrange(4):
            case 0:
                del lines[place]
            case 1:
                lines.insert(place, rng.choice(lines))
            case 2:
                other = rng.randrange(len(lines))
                lines[place], lines[other] = lines[other], lines[place]
            case _:
                lines.insert(place, rng.choice(others))
        lines = lines or [b""]
    return b"\n".join(lines)


def _wrong(rng: random.Random) -> bytes:
    """Values of wrong types and out of range; fields that there are not, and that are missing."""
    recipe = table(rng)
    for _ in range(rng.choice((1, 1, 2, 4))):
        spot: Any = recipe
        while True:
            keys = list(spot) if isinstance(spot, dict) else range(len(spot))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(spot[key], dict | list) and spot[key] and rng.random() < 0.8:
                spot = spot[key]
                continue
            if rng.random() < 0.1:
                del spot[key]
            elif rng.random() < 0.1 and isinstance(spot, dict):
                spot[rng.choice(("x", "", "a b", "a" * 5000, "a.b", "\x00", "\u00e9", "method", "kind"))] = rng.choice(
                    VALUES
                )
            else:
                spot[key] = near(rng, spot[key])
            break
    return as_toml(recipe)


def near(rng: random.Random, value: Any) -> Any:
    """Return a value that is somewhat other, or altogether."""
    if rng.random() < 0.4 and isinstance(value, int | float) and not isinstance(value, bool):
        return rng.choice((value + 1, -value, value * 1000, value + 0.5, value * 1e30))
    if rng.random() < 0.3 and isinstance(value, list):
        return rng.choice((value * 2, value * 300, value[:1], [value], value[::-1]))
    return rng.choice(VALUES)


def as_toml(recipe: dict[str, Any]) -> bytes:
    """Write a table that may hold what TOML can't."""
    try:
        return tomli_w.dumps(recipe).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError):
        return repr(recipe).encode("utf-8", "replace")


def bomb(rng: random.Random) -> str:
    """Return a short text, as a value of TOML, that is much to read."""
    number = rng.choice((100, 3000, 20_000))
    return rng.choice(
        (
            "[" * number + "]" * number,
            "[" * number,
            "{a=" * number + "1" + "}" * number,
            "{" + ".".join("a" * number) + "=1}",
            "[" + "0," * number * 20 + "]",
            "[" + "{}," * number + "]",
            "9" * number,
            "0x" + "f" * number,
            "1e" + "9" * number,
            "0." + "3" * number,
            '"' + "x" * number * 20 + '"',
            '"""' + "\\\n" * number + '"""',
            "'" * number,
            "{" + ",".join(f"k{one}=1" for one in range(number)) + "}",
            "2026-11-25T00:00:00." + "1" * number,
            "1_" * number + "1",
        )
    )


def _much(rng: random.Random) -> bytes:
    """A small text that is much to read: deep, long, or with a name of many parts."""
    number = rng.choice((100, 3000, 20_000))
    name = ".".join("a" * number)
    head = _ready(rng).decode() if rng.random() < 0.7 else ""
    line = rng.choice(
        (
            f"x = {bomb(rng)}",
            f"title = {bomb(rng)}",
            f"{name} = 1",
            f"[{name}]",
            f"[[{name}]]",
            "\n".join(f"[a{'.a' * (one % 50)}.k{one}]" for one in range(number)),
            "[[x]]\n" * number,
            "\n".join(f"k{one} = {one}" for one in range(number)),
            "\n".join(f"a.b.c.d.k{one} = {one}" for one in range(number)),
            "#" * number * 20,
            "\n" * number * 20,
            "x" * number * 20,
        )
    )
    return (f"{line}\n{head}" if rng.random() < 0.5 else f"{head}\n{line}\n").encode()


def _behind(rng: random.Random) -> bytes:
    """An embedded background: any picture, or a text that says it is one."""
    content = base64.b64encode(pictures.make(rng).content).decode()
    kind = rng.choice(("png", "jpeg", "webp", "svg+xml", "", "x" * 500))
    picture = rng.choice((f"data:image/{kind};base64,{content}", f"data:image/{kind},{content}", content[:5000]))
    if rng.random() < 0.2:
        picture = mangle(rng, picture.encode()).decode("latin-1")
    return as_toml(table(rng) | {"overlay": {"kind": "replace", "picture": picture}})


def _other_text(rng: random.Random) -> bytes:
    """Other texts, encodings and bytes."""
    text = _ready(rng).decode()
    return rng.choice(
        (
            text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode(), text.replace("\n", "\r\n").encode(),
            text.replace("\n", "\r").encode(), text.replace("=", ":").encode(), rng.randbytes(500), b"", b"\x00" * 100,
            text.encode() + b"\xed\xa0\x80", b"[recipe]\n" + text.encode(), str(tomllib.loads(text)).encode(),
        )
    )  # fmt: skip


_MAKERS = (_ready, *(_mangled,) * 3, *(_shuffled,) * 3, *(_wrong,) * 8, *(_much,) * 3, *(_behind,) * 2, _other_text)
