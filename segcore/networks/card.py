"""Model cards: what a network finds, its files, how it is fed and what it answers with."""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import tomli_w
from pydantic import FailFast, Field, ValidationError, field_validator, model_validator

from segcore.errors import SegdeckError
from segcore.files.toml_text import read_toml
from segcore.networks.answers import Answer
from segcore.networks.earlier_card import respelled
from segcore.networks.files import FileName, NetworkFile, file_sha256
from segcore.networks.finding import FINDING, Finding
from segcore.networks.folders import folder_of
from segcore.networks.runtimes import Layout
from segcore.options import HexColor, Options, like
from segcore.settings import settings

CardName: TypeAlias = Annotated[str, like("[a-z0-9_]+", "a name of small letters, digits and underscores")]
PerChannel: TypeAlias = tuple[float, float, float]
"""A number for each channel of an image, in the network's channel order."""


class NetInput(Options):
    """How the network is fed: ``(pixel * scale - mean) / std``, per channel."""

    width_px: int = Field(gt=0, description="Width of the input.")
    height_px: int = Field(gt=0, description="Height of the input.")
    scale: float = Field(default=1 / 255, gt=0, description="Factor from 0..255 to what the network expects.")
    mean: PerChannel = Field(default=(0, 0, 0), description="Subtracted after scaling, in the network's channel order.")
    std: PerChannel = Field(default=(1, 1, 1), description="Divided by, in the network's channel order.")
    channels: Literal["rgb", "bgr"] = Field(default="rgb", description="The network's channel order.")
    layout: Layout = Field(default="nchw", description="The order of axes, in and out, in OpenCV.")


class Reference(Options):
    """An image and the labels that the network must find in it, as files beside the card."""

    picture: FileName = Field(description="The image.")
    mask: FileName = Field(description="Its label map as a grey PNG: 0 is background, n the n-th label.")


class CardLabel(Options):
    """One label of a network and the colour it is shown in."""

    name: str = Field(min_length=1, max_length=40, description="Its name.")
    color: HexColor = Field(description="Its colour.")


class ModelCard(Options):
    """All there is to know about one network.

    ``labels`` holds no background. A network with one channel more than labels has background in channel 0;
    one with as many channels as labels has none, and background is where every channel is below one half.
    """

    name: CardName = Field(description="Its folder's name.")
    title: str = Field(min_length=1, max_length=100, description="Its name for people.")
    family: str = Field(description="Cards of one family differ in shape only; the one nearest an image's is used.")
    task: str = Field(description="What it finds, in one sentence.")
    licence: str = Field(description="SPDX name.")
    project: str = Field(description="Who made it.")
    files: Annotated[tuple[NetworkFile, ...], FailFast()] = Field(
        min_length=1,
        max_length=8,
        description="The first is what runs on each image; the others are what goes with it.",
    )
    input: NetInput
    output: Answer = Field(description="What the network answers with.")
    labels: Annotated[tuple[CardLabel, ...], FailFast()] = Field(min_length=1, max_length=254)
    reference: Reference | None = Field(default=None, description="What tells that the network works here.")
    example: FileName | None = Field(default=None, description="An image of what it finds, beside the card.")

    @model_validator(mode="before")
    @classmethod
    def _read_earlier_spelling(cls, values: Any) -> Any:
        return respelled(values) if isinstance(values, dict) else values

    @field_validator("files", "labels")
    @classmethod
    def _names_differ(cls, named: tuple[Any, ...]) -> tuple[Any, ...]:
        names = [one.name for one in named]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two of them are called {name!r}")
        return named

    @property
    def folder(self) -> Path:
        """Where the card and the network's files are stored, or will be."""
        return folder_of(self.name)

    @property
    def weights(self) -> NetworkFile:
        """The first file: what runs on each image."""
        return self.files[0]

    @property
    def size_bytes(self) -> int:
        """The size of all files."""
        return sum(file.size_bytes for file in self.files)

    @property
    def by_hand(self) -> bool:
        """Whether a person added the network: no file of it can be fetched again."""
        return all(file.by_hand for file in self.files)

    def beside(self, name: str) -> Path:
        """Return where a file of the card is: beside the network's files, or where the card came from."""
        places = [self.folder, *(folder / self.name for folder in settings().card_dirs)]
        return next((place / name for place in places if (place / name).is_file()), self.folder / name)

    @property
    def installed(self) -> bool:
        """Whether all files are here."""
        folder = self.folder
        return all((folder / file.name).is_file() for file in self.files)

    def finding(self) -> Finding | None:
        """Return what was found out when it was installed; None if that is not known, or of other weights."""
        try:
            found = Finding.model_validate(read_toml(self.folder / FINDING, FINDING))
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
        expected = {file.name: file.sha256 for file in self.files}
        if found := self.finding():
            expected[found.file] = found.file_sha256
        for name, sha256 in expected.items():
            path = self.beside(name)
            if not path.is_file() or file_sha256(path) != sha256:
                raise UnusableNetworkError(
                    self, f"The weights of {self.title} are damaged: {name} has another sha256.", _again(self)
                )

    def aspect(self) -> float:
        """Return the input's width over its height."""
        return self.input.width_px / self.input.height_px

    def to_toml(self) -> str:
        """Return the card as the TOML text that is stored in its folder."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude={"name"}, exclude_none=True))


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
    """Return the error for a network that is not here, which says how to get it."""
    if card.by_hand:
        return UnusableNetworkError(card, f'The file of the network "{card.title}" is missing.', _again(card))
    return UnusableNetworkError(
        card,
        f'The network "{card.title}" is not installed.',
        "On the computer that runs Segdeck, with a connection to the internet, run "
        f'"segdeck models install {card.family}"; then try again.',
    )


def _again(card: ModelCard) -> str:
    if card.by_hand:
        return f'It was added by hand: run "segdeck models remove {card.name}" and add it again.'
    return f'Run "segdeck models install {card.name}" to fetch them again.'
