"""A part of a visitor's files, with all that the pages know of them: the two can only go together."""

import secrets
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pages.shared.visitor import files
from pages.shared.visitor.session import TypedStore
from segcore.settings import settings


@dataclass(frozen=True)
class Accepts:
    """What may be uploaded to a shelf: endings in small letters without a dot, and megabytes a file."""

    endings: tuple[str, ...]
    limit_mb: int


@dataclass(frozen=True)
class Arrival:
    """A file that is here whole. The name is its visitor's, for showing only; the path has nothing of it."""

    id: str
    name: str
    path: Path


class Job(Protocol):
    """Work that writes into a shelf on a thread of its own."""

    @property
    def running(self) -> bool:
        """Whether it still works."""
        ...

    def cancel(self) -> None:
        """Stop it, and wait until it has tidied up."""
        ...


class Shelf:
    """A part of a visitor's files: a folder, what the pages know of what is in it, and the job that writes there.

    Attributes
    ----------
    folder
        For its files.
    store
        What pages keep of the files.
    job
        The newest job; there is one at a time.
    keeps_longer
        Whether this is worth ``keep_result_minutes``.
    token
        Unguessable; who knows it may upload to this shelf what ``accepts`` says, or nothing while that is None.
    arrived
        Files that were uploaded and that no page has taken yet.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.folder = folder
        self.store = TypedStore()
        self.job: Job | None = None
        self.keeps_longer = False
        self.token = secrets.token_urlsafe(24)
        self.accepts: Accepts | None = None
        self.arrived: list[Arrival] = []
        self._used_at_s = time.monotonic()

    def clear(self, *, keep: Collection[Path] = ()) -> None:
        """Remove everything, but for some files, once no job writes any more."""
        self.stop_job()
        self.store.clear()
        self.arrived.clear()
        self.keeps_longer = False
        for path in self.folder.iterdir():
            if path not in keep:
                files.withdraw(path)
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def stop_job(self) -> None:
        """Cancel the job, if there is one, and wait until it has tidied up."""
        job, self.job = self.job, None
        if job:
            job.cancel()

    @property
    def running(self) -> bool:
        """Whether a job is at work."""
        return self.job is not None and self.job.running

    def use(self) -> None:
        """Begin the time anew after which this goes."""
        self._used_at_s = time.monotonic()

    @property
    def expired(self) -> bool:
        """Whether it is to go now, if the visitor is not here."""
        if self.running:
            self.use()
            return False
        minutes = settings().keep_result_minutes if self.keeps_longer else settings().keep_minutes
        return time.monotonic() - self._used_at_s > 60 * minutes
