"""Changes to bytes and texts that parsers are known to stumble over."""

import random
import struct

WORDS = (
    0,
    1,
    2,
    7,
    8,
    255,
    256,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0xFFFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFE,
    0xFFFFFFFF,
)
"""Numbers at the ends of what fields hold."""


def mangle(rng: random.Random, data: bytes, *, head: float = 0.5) -> bytes:
    """Return bytes with one to six changes, a share of them near the beginning, where headers lie."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        reach = min(len(changed), 600) if rng.random() < head else len(changed)
        place = rng.randrange(reach) if reach else 0
        rng.choice(_CHANGES)(rng, changed, place)
    return bytes(changed)


def word(rng: random.Random) -> int:
    """Return a 32-bit number that is likely to be too small, too large, or just over an end."""
    return rng.choice(WORDS) if rng.random() < 0.7 else rng.getrandbits(32)


def _flip(rng: random.Random, data: bytearray, place: int) -> None:
    if data:
        data[place] ^= 1 << rng.randrange(8)


def _overwrite(rng: random.Random, data: bytearray, place: int) -> None:
    new = rng.choice((b"\x00", b"\xff", b"\x7f", rng.randbytes(1))) * rng.choice((1, 1, 4, 64))
    data[place : place + len(new)] = new


def _number(rng: random.Random, data: bytearray, place: int) -> None:
    data[place : place + 4] = struct.pack(rng.choice("<>") + "I", word(rng))


def _cut_off(_: random.Random, data: bytearray, place: int) -> None:
    del data[place:]


def _cut_out(rng: random.Random, data: bytearray, place: int) -> None:
    del data[place : place + rng.choice((1, 4, 100, 5000))]


def _insert(rng: random.Random, data: bytearray, place: int) -> None:
    data[place:place] = rng.randbytes(rng.choice((1, 3, 16, 1000)))


def _repeat(rng: random.Random, data: bytearray, place: int) -> None:
    piece = bytes(data[place : place + rng.choice((1, 8, 200))])
    data[place:place] = piece * rng.choice((1, 2, 500))


def _swap(rng: random.Random, data: bytearray, place: int) -> None:
    if data:
        other, length = rng.randrange(len(data)), rng.choice((1, 4, 32, 1000))
        first, second = sorted((place, other))
        length = min(length, second - first, len(data) - second)
        data[first : first + length], data[second : second + length] = (
            data[second : second + length],
            data[first : first + length],
        )


_CHANGES = (_flip, _flip, _overwrite, _number, _number, _cut_off, _cut_out, _insert, _repeat, _swap)
