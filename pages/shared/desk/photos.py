"""A visitor's photo: kept, read, segmented by the recipe in use, offered for download, and forgotten."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.shared.desk.downloads import Download
from pages.shared.visitor.shelves import Arrival, Shelf
from segcore.outputs.object_table import objects_csv
from segcore.overlays.cut_out import cut_out_rgba
from segcore.picture.photo import Photo, read_photo_in_worker, write_png
from segcore.pipeline import Result, build_pipeline
from segcore.recipe import Recipe


@dataclass(frozen=True)
class Segmented:
    """A photo and what a recipe made of it."""

    photo: Photo
    recipe: Recipe
    result: Result


@dataclass
class PhotoDesk:
    """The visitor's photo, and what was made of it last: each of the two may have 200 MB, so there is one of each."""

    file: Arrival | None = None
    photo: Photo | None = None
    segmented: Segmented | None = None

    def segment(self, recipe: Recipe) -> Segmented:
        """Return what a recipe makes of the photo, made now if it is not there; what was there before goes first.

        Raises
        ------
        SegdeckError
            If the photo can't be read or the recipe can't be used.
        """
        if self.file is None:
            raise LookupError("there is no photo")
        if self.photo is None:
            with st.spinner("Reading …"):
                self.photo = read_photo_in_worker(self.file.path.read_bytes())
        if self.segmented is None or self.segmented.recipe != recipe:
            self.segmented = None
            with st.spinner("Segmenting …"):
                self.segmented = Segmented(self.photo, recipe, build_pipeline(recipe)(self.photo.image))
        return self.segmented


def keep(photo: Arrival, shelf: Shelf) -> None:
    """Make a file that has arrived the visitor's photo instead of the one before."""
    forget(shelf, keep=[photo.path])
    shelf.store.get(PhotoDesk).file = photo


def forget(shelf: Shelf, keep: Collection[Path] = ()) -> None:
    """Remove the photo, and what was made of it."""
    shelf.clear(keep=keep)


def downloads(shelf: Shelf) -> list[Download]:
    """Return all that one may take away of the photo.

    The files' functions look up what they write. Streamlit keeps them for longer than their buttons: what they held
    would be kept as long.
    """

    def now() -> Segmented:
        segmented = shelf.store.get(PhotoDesk).segmented
        if segmented is None:
            raise LookupError("the photo is gone")
        return segmented

    def cut_out() -> bytes:
        return write_png(cut_out_rgba(now().photo.image, now().result.segmentation, now().photo.opacity))

    files = [
        Download("Result", "result.png", lambda: write_png(now().result.image)),
        Download("Cut-out", "cut-out.png", cut_out),
        Download("Mask", "mask.png", lambda: write_png(now().result.segmentation.grey())),
        Download("Recipe", "recipe.toml", lambda: now().recipe.to_toml()),
    ]
    if now().result.measures.objects:
        files.append(Download("Objects", "objects.csv", lambda: objects_csv(now().result)))
    return files
