"""The files of a network: their names, sizes and hashes, and where each is fetched from."""

import hashlib
from pathlib import Path
from typing import Annotated, Self, TypeAlias

from pydantic import Field, model_validator

from segcore.options import Options, like

Sha256: TypeAlias = Annotated[str, like("[0-9a-f]{64}", "64 hexadecimal digits")]
FileName: TypeAlias = Annotated[str, like(r"[\w-]+(\.[\w-]+)+", "a file name with an ending")]


class Wheel(Options):
    """A file inside a Python package."""

    package: Annotated[str, like(r"[\w.-]+==[\w.]+", "a package and its version, such as name==1.0")] = Field(
        description="Package and version."
    )
    platform: str = Field(description="Platform tag of the wheel.")
    python: str = Field(description="Python version of the wheel.")
    sha256: Sha256 = Field(description="Of the wheel.")
    member: str = Field(description="The file's path in the wheel.")


class Origin(Options):
    """Where a file is fetched from: a URL or a wheel; neither if a person put it beside the card."""

    url: Annotated[str, like("https?://.+", "an http or https address")] | None = Field(
        default=None, description="The file, at a fixed version."
    )
    wheel: Wheel | None = Field(default=None, description="The Python package that holds the file.")

    @model_validator(mode="after")
    def _at_most_one(self) -> Self:
        if self.url is not None and self.wheel is not None:
            raise ValueError("name a url or a wheel, not both")
        return self

    @property
    def by_hand(self) -> bool:
        """Whether a person added the file: it can't be fetched again."""
        return self.url is None and self.wheel is None


class NetworkFile(Origin):
    """A file of a network, which is stored beside its card."""

    name: FileName = Field(description="File name.")
    size_bytes: int = Field(gt=0, description="Its size.")
    sha256: Sha256 = Field(description="Its hash.")

    def is_whole(self, path: Path) -> bool:
        """Tell whether the file at a path has this file's hash."""
        return path.is_file() and file_sha256(path) == self.sha256


def file_sha256(path: Path) -> str:
    """Return a file's sha256 as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
