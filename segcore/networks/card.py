"""Model cards: where a network comes from, its sha256, how it is fed, what it answers, what was found out about it."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import tomli_w
from pydantic import FailFast, Field, ValidationError, field_validator, model_validator

from segcore.errors import SegdeckError, quote, suggest
from segcore.files.toml_text import read_toml
from segcore.options import HexColor, Options, explain, like
from segcore.settings import settings

CardName: TypeAlias = Annotated[str, like("[a-z0-9_]+", "a name of small letters, digits and underscores")]
Sha256: TypeAlias = Annotated[str, like("[0-9a-f]{64}", "64 hexadecimal digits")]
Triple: TypeAlias = tuple[float, float, float]
FileName: TypeAlias = Annotated[str, like(r"[\w-]+(\.[\w-]+)+", "a file name with an ending")]

FINDING = "installed.toml"
_OWN = re.compile("own[0-9a-f]{32}")
OWN_NETWORKS = "own-networks"
"""What the part of a visitor's folder is called that holds networks of the visitor's own."""


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

    @property
    def by_hand(self) -> bool:
        """Whether a person added the file: it can't be fetched again."""
        return self.url is None and self.wheel is None


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

    def to_toml(self) -> str:
        """Write what was found as the TOML text that stands beside the card."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))


class ModelCard(Options):
    """All there is to know about one network.

    ``labels`` holds no background. A network with one channel more than labels has background in channel 0;
    one with as many channels as labels has none, and background is where every channel is below one half.
    """

    name: CardName = Field(description="Its folder's name.")
    title: str = Field(min_length=1, max_length=100, description="Its name for people.")
    family: str = Field(description="Cards of one family differ in shape only; the one nearest a picture's is used.")
    task: str = Field(description="What it finds, in one sentence.")
    licence: str = Field(description="SPDX name.")
    source: Source
    weights: NetworkFile
    config: NetworkFile | None = Field(default=None, description="The network's layout, where it is a file of its own.")
    input: NetInput
    output: Literal["probability", "logits", "argmax"] = Field(description="What the network's numbers are.")
    labels: Annotated[tuple[CardLabel, ...], FailFast()] = Field(min_length=1, max_length=254)
    reference: Reference | None = Field(default=None, description="What tells that the network works here.")
    example: FileName | None = Field(default=None, description="A picture of what it does, beside the card.")

    @field_validator("labels")
    @classmethod
    def _names_differ(cls, labels: tuple[CardLabel, ...]) -> tuple[CardLabel, ...]:
        names = [label.name for label in labels]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two of them are called {name!r}")
        return labels

    @property
    def path(self) -> Path:
        """Where the weights lie, or will lie."""
        return _folder(self.name) / self.weights.name

    def beside(self, name: str) -> Path:
        """Return where a file lies that belongs to the card: where the weights are, or where the card came from."""
        places = [self.path.parent, *(folder / self.name for folder in settings().card_dirs)]
        return next((place / name for place in places if (place / name).is_file()), self.path.with_name(name))

    @property
    def installed(self) -> bool:
        """Whether the weights are here."""
        return self.path.is_file()

    def finding(self) -> Finding | None:
        """Return what was found out when it was installed; None if that is not known, or of other weights."""
        try:
            found = Finding.model_validate(read_toml(self.path.with_name(FINDING), FINDING))
        except (OSError, ValidationError, SegdeckError):
            return None
        return found if found.weights_sha256 == self.weights.sha256 else None

    def verify(self) -> None:
        """Compare the network's files that are here with the card, and with what was found when it was installed.

        Raises
        ------
        SegdeckError
            If one is missing or differs.
        """
        if not self.installed:
            raise missing(self)
        expected = {file.name: file.sha256 for file in (self.weights, self.config) if file}
        if found := self.finding():
            expected[found.file] = found.file_sha256
        for name, sha256 in expected.items():
            file = self.beside(name)
            if not file.is_file() or file_sha256(file) != sha256:
                raise UnusableNetworkError(
                    self, f"The weights of {self.title} are damaged: {name} has another sha256.", _again(self)
                )

    def aspect(self) -> float:
        """Return the input's width over its height."""
        return self.input.width_px / self.input.height_px


def new_own_name() -> str:
    """Return a name for a visitor's own network, which nobody can guess: whoever knows it can use the network."""
    return f"own{secrets.token_hex(16)}"


def is_own(name: str) -> bool:
    """Tell whether a card's name is that of a visitor's own network, as `new_own_name` makes them."""
    return bool(_OWN.fullmatch(name))


def own_cards(names: Iterable[str]) -> dict[str, ModelCard]:
    """Return the cards of visitors' own networks by these names, but for those that are gone."""
    found = {name: _read_card(_folder(name) / "card.toml") for name in names if is_own(name)}
    return {name: card for name, card in found.items() if isinstance(card, ModelCard)}


def _folder(name: str) -> Path:
    """Return where a network's card and files lie; a visitor's own is in the visitor's folder and goes with it."""
    own = next(settings().work_dir.glob(f"*/*/{OWN_NETWORKS}/{name}"), None) if is_own(name) else None
    return own or settings().models_dir / name


class UnusableNetworkError(SegdeckError):
    """A network that is not here, or not as it should be. It speaks to the command line; a page has its own remedy.

    Attributes
    ----------
    card
        The network.
    problem
        What is wrong, in one sentence.
    """

    def __init__(self, card: ModelCard, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.card, self.problem = card, problem


def missing(card: ModelCard) -> UnusableNetworkError:
    """Say that a network is not here, and how to get it."""
    if card.source.by_hand:
        return UnusableNetworkError(card, f'The file of the network "{card.title}" is missing.', _again(card))
    return UnusableNetworkError(
        card,
        f'The network "{card.title}" is not installed.',
        "On the computer that runs Segdeck, with a connection to the internet, run "
        f'"segdeck models install {card.family}"; then try again.',
    )


def _again(card: ModelCard) -> str:
    if card.source.by_hand:
        return f'It was added by hand: run "segdeck models remove {card.name}" and add it again.'
    return f'Run "segdeck models install {card.name}" to fetch them again.'


def cards() -> dict[str, ModelCard]:
    """Return all cards by name, but for those that `broken_cards` tells of."""
    return {name: card for name, card in _read_cards().items() if isinstance(card, ModelCard)}


def broken_cards() -> dict[str, str]:
    """Return what is wrong with each card that can't be used, by name: such a card does not hold up the others."""
    return {name: str(error) for name, error in _read_cards().items() if isinstance(error, SegdeckError)}


def family(name: str) -> tuple[ModelCard, ...]:
    """Return the cards that a card's or a family's name stands for.

    Parameters
    ----------
    name
        For example ``"selfie"`` for both selfie cards, or ``"selfie_general"`` for the one.

    Raises
    ------
    SegdeckError
        If there is none, or the one card is broken.
    """
    if is_own(name):
        if own := own_cards([name]):
            return tuple(own.values())
        raise SegdeckError("This network was a visitor's own and went with the visit; choose another one.")
    known = _read_cards()
    one = known.get(name)
    if isinstance(one, SegdeckError):
        raise one
    if one:
        return (one,)
    readable = [card for card in known.values() if isinstance(card, ModelCard)]
    if members := tuple(card for card in readable if card.family == name):
        return members
    names = sorted({card.name for card in readable} | {card.family for card in readable})
    raise SegdeckError(f"There is no network {quote(name)}; {suggest(name, names)}")


def _read_cards() -> dict[str, ModelCard | SegdeckError]:
    found = {path.parent.name: path for folder in reversed(settings().card_dirs) for path in folder.glob("*/card.toml")}
    return {name: _read_card(path) for name, path in sorted(found.items())}


def _read_card(path: Path) -> ModelCard | SegdeckError:
    name = f"models/{path.parent.name}/card.toml"
    try:
        return ModelCard.model_validate({**read_toml(path, name), "name": path.parent.name})
    except ValidationError as error:
        return SegdeckError(f"{name}: {explain(error)}")
    except SegdeckError as error:
        return error
    except OSError as error:
        return SegdeckError(f"{name} can't be read: {error.strerror}.")


def file_sha256(path: Path) -> str:
    """Return a file's sha256 as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
