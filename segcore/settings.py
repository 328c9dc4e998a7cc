"""What the operator of a Segdeck decides: limits, folders, network."""

import getpass
import os
import tempfile
from functools import cache
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from segcore.errors import SegdeckError

_PACKAGE = Path(__file__).resolve().parent
_CARRIED = _PACKAGE / "_app"
"""What a checkout has beside `segcore`, as pyproject.toml puts it into an installed package. It is only read."""
INSTALLED = _CARRIED.is_dir()
APP_DIR = _CARRIED if INSTALLED else _PACKAGE.parent
"""Where app.py, the pages and the models' cards lie."""


def _default_work_dir() -> Path:
    try:
        folder = tempfile.gettempdir()
    except OSError:  # on a full disk none is usable; what only reads goes on
        folder = os.curdir
    return Path(folder) / f"segdeck-{os.getuid() if hasattr(os, 'getuid') else getpass.getuser()}"


def _default_models_dir() -> Path:
    return (user_data_path("segdeck", appauthor=False) if INSTALLED else APP_DIR) / "models"


class Settings(BaseSettings):
    """The operator's settings. Each is read from the environment as ``SEGDECK_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix="SEGDECK_", frozen=True)

    max_upload_mb: int = Field(default=200, ge=1, description="Largest upload, in megabytes (10^6 bytes).")
    max_photo_mb: int = Field(default=50, ge=1, description="Largest file of a photo, in megabytes.")
    max_visit_mb: int = Field(
        default=1000, ge=1, description="Most that one visit may hold, in megabytes; at least one largest upload."
    )
    max_width_px: int = Field(default=3840, ge=16, description="Longest side of a video, in pixels.")
    max_height_px: int = Field(default=2160, ge=16, description="Shortest side of a video, in pixels.")
    max_length_s: float = Field(default=600, gt=0, description="Longest video, in seconds.")
    max_frames: int = Field(default=72_000, ge=1, description="Longest video, in frames: 120 a second for 10 minutes.")
    max_photo_mp: float = Field(default=25, gt=0, description="Largest photo, in megapixels (phones take 12 to 24).")
    min_side_px: int = Field(default=16, ge=1, description="Shortest side of any picture, in pixels.")
    max_side_px: int = Field(default=32768, ge=16, description="Longest side of any picture, in pixels.")
    max_aspect: float = Field(default=50, ge=1, description="How many times as long as its other side a side may be.")
    models_dir: Path = Field(default_factory=_default_models_dir, description="Cards and weights of the networks.")
    models_locked: bool | None = Field(
        default=None,
        description="Forbid visitors to change the networks that all use. Not set: those from elsewhere.",
    )
    own_networks: int = Field(
        default=3, ge=0, description="Networks of their own that a visitor from elsewhere may have in a visit."
    )
    own_networks_mb: int = Field(default=200, ge=1, description="The size of these in all, in megabytes.")
    network_checks: int = Field(default=2, ge=1, description="Networks that are tried at once; others wait a little.")
    hosts: tuple[str, ...] = Field(
        default=("localhost", "127.0.0.1", "::1"),
        description='Names by which browsers may reach it, as JSON, e.g. ["desk.example.org"]. "*" is any.',
    )
    work_dir: Path = Field(default_factory=_default_work_dir, description="Visitors' files, while they are here.")
    keep_minutes: float = Field(
        default=10, gt=0, description="How long a visitor's files outlast the visitor's connection, in minutes."
    )
    keep_result_minutes: float = Field(
        default=60, gt=0, description="The same for a video that is or was processed, and its result."
    )
    ice_servers: tuple[str, ...] = Field(
        default=(), description='STUN or TURN addresses as JSON, e.g. ["stun:stun.example.org"]. None on one machine.'
    )

    @property
    def card_dirs(self) -> tuple[Path, ...]:
        """Where model cards are looked for; the first that has one of a name counts."""
        return (self.models_dir, APP_DIR / "models") if INSTALLED else (self.models_dir,)

    @property
    def visit_bytes(self) -> int:
        """Most that one visit may hold."""
        return max(self.max_visit_mb, self.max_upload_mb) * 1_000_000

    def check_bytes(self, size_bytes: int) -> None:
        """Refuse a file that is too large.

        Parameters
        ----------
        size_bytes
            The file's size.

        Raises
        ------
        SegdeckError
            If it is over ``max_upload_mb``.
        """
        if size_bytes > self.max_upload_mb * 1_000_000:
            raise SegdeckError(
                f"This file has {size_bytes / 1e6:.0f} MB; the largest accepted is {self.max_upload_mb} MB."
            )

    def check_sides(self, width_px: int, height_px: int) -> None:
        """Refuse an image with a side too short to segment, or one far longer than any real image's.

        Raises
        ------
        SegdeckError
            If a side is under ``min_side_px`` or over ``max_side_px``, or is more than ``max_aspect`` times the other.
        """
        shorter, longer = sorted((width_px, height_px))
        if shorter < self.min_side_px:
            accepted = f"the smallest accepted is {self.min_side_px}x{self.min_side_px}"
        elif longer > self.max_side_px:
            accepted = f"a side may have at most {self.max_side_px}"
        elif longer > self.max_aspect * shorter:
            accepted = f"a side may be at most {self.max_aspect:g} times as long as the other"
        else:
            return
        raise SegdeckError(f"This picture is {width_px}x{height_px} pixels; {accepted}.")

    def check_photo(self, width_px: int, height_px: int) -> None:
        """Refuse a photo that is too small or too large.

        Raises
        ------
        SegdeckError
            As `check_sides`, or if the image has more than ``max_photo_mp`` megapixels.
        """
        self.check_sides(width_px, height_px)
        if width_px * height_px > self.max_photo_mp * 1e6:
            raise SegdeckError(
                f"This photo is {width_px}x{height_px} pixels ({width_px * height_px / 1e6:.0f} megapixels); "
                f"the largest accepted is {self.max_photo_mp:g} megapixels."
            )

    def check_video_size(self, width_px: int, height_px: int) -> None:
        """Refuse a video whose frames are too small or too large, upright or lying.

        Raises
        ------
        SegdeckError
            If a side is out of the limits.
        """
        self.check_sides(width_px, height_px)
        if max(width_px, height_px) > self.max_width_px or min(width_px, height_px) > self.max_height_px:
            raise self.video_too_large(f"is {width_px}x{height_px} pixels")

    def video_too_large(self, what: str) -> SegdeckError:
        """Return the refusal of a video with too large frames; ``what`` says how large they are."""
        return SegdeckError(f"This video {what}; the largest accepted is {self.max_width_px}x{self.max_height_px}.")

    def check_length(self, length_s: float) -> None:
        """Refuse a video that is too long.

        Raises
        ------
        SegdeckError
            If it is over ``max_length_s``.
        """
        if length_s > self.max_length_s:
            raise SegdeckError(
                f"This video is {describe_seconds(length_s)} long; "
                f"the longest accepted is {describe_seconds(self.max_length_s)}."
            )

    def check_frames(self, frames: int) -> None:
        """Refuse a video that has too many frames, however short it is.

        Raises
        ------
        SegdeckError
            If there are more than ``max_frames``.
        """
        if frames > self.max_frames:
            raise SegdeckError(f"This video has too many frames; at most {self.max_frames} are accepted.")


def describe_seconds(seconds: float) -> str:
    """Write a length of time for people.

    Parameters
    ----------
    seconds
        The length.

    Returns
    -------
    str
        For example ``"3.5 s"``, ``"2 min 05 s"`` or ``"3 h 00 min"``.
    """
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"


@cache
def settings() -> Settings:
    """Return the operator's settings, read once.

    Raises
    ------
    SegdeckError
        If one of them can't be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise SegdeckError(f"SEGDECK_{str(first['loc'][0]).upper()} can't be used: {first['msg']}.") from None
    except SettingsError as error:  # it names the field in quotes, and nothing else
        name = str(error).split('"')[1].upper()
        raise SegdeckError(f"SEGDECK_{name} can't be used: it must be a list in JSON.") from None
