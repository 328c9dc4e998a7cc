"""Choosing a recipe: ready ones by one click, finer controls folded below, one's own from a file.

The recipe is the visitor's, so it is the same on every page.
"""

from collections.abc import Mapping

import streamlit as st

from pages.shared.controls.form import edit_recipe
from pages.shared.controls.recipe_in_use import recipe_in_use
from pages.shared.plain_text import plain
from pages.shared.server import failures
from pages.shared.visitor.rights import models_locked
from pages.shared.visitor.session import Widget
from pages.shared.visitor.streamlit_inside import UploadedFile, let_go
from segcore.files.toml_text import LARGEST_MB
from segcore.networks.catalogue import cards
from segcore.recipe import Recipe, parse_recipe, ready_recipes


def pick_recipe(page: str) -> Recipe:
    """Show the ready recipes and the finer controls, and return the recipe as it is set now.

    Parameters
    ----------
    page
        The page's name, which keeps its widgets apart from those of the others.
    """
    mine = recipe_in_use()
    key = f"{page}-{mine.round}"
    ready = {one.title: one for one in ready_recipes().values()}
    start = mine.start
    pills = Widget[str](f"{page}-ready")  # one key for good: a new one would take the keyboard's focus away
    chosen = start.title if ready.get(start.title) == start else None
    if pills.value != chosen:  # setting it needlessly could undo a click that is on its way
        pills.set(chosen)
    st.pills(
        "Ready recipes",
        ready,
        format_func=lambda title: _name(ready[title]),
        key=pills.key,
        on_change=lambda: _start_from_ready(ready, pills),
        wrap=True,
    )
    st.caption(plain(start.summary))
    _offer_networks(mine.now)
    with st.expander("Fine-tune", icon=":material/tune:"):
        recipe = edit_recipe(mine.now, key)
        changed = recipe.model_copy(update={"title": start.title}) != start
        title = f"{start.title[:50]}, changed" if changed else start.title
        mine.now = recipe.model_copy(update={"title": title})
        if changed:
            st.button(
                "Undo my changes", icon=":material/undo:", key=f"{key}-undo", on_click=mine.start_from, args=(start,)
            )
        st.divider()
        _files(mine.now, key)
    return mine.now


def _start_from_ready(ready: Mapping[str, Recipe], pills: Widget[str]) -> None:
    if pills.value is not None:  # a click on the chosen pill lets go of it; what was tuned since stays
        recipe_in_use().start_from(ready[pills.value])


def _offer_networks(recipe: Recipe) -> None:
    """Say which network the recipe lacks, and lead to where it is installed."""
    segmenter = getattr(recipe.segmenter, "source", recipe.segmenter)
    named = getattr(segmenter, "model", None)
    lacking = [card for card in cards().values() if named in (card.name, card.family) and not card.installed]
    if not lacking:
        return
    locked = models_locked()
    st.info(
        f"This recipe needs the network “{plain(lacking[0].title)}”, which is not installed. "
        + ("Whoever runs this Segdeck can install it." if locked else "It takes a click:"),
        icon=":material/neurology:",
    )
    if not locked:
        st.page_link("models.py", label="Install it on the Models page", icon=":material/download:")


def _name(recipe: Recipe) -> str:
    icon = f":material/{recipe.icon}: " if recipe.icon else ""
    return icon + plain(recipe.title)


def _files(recipe: Recipe, key: str) -> None:
    st.download_button(
        "Save this recipe",
        recipe.to_toml(),
        "recipe.toml",
        "application/toml",
        on_click="ignore",
        icon=":material/download:",
        key=f"{key}-save",
    )
    opener = Widget[UploadedFile](f"{key}-open")
    upload = st.file_uploader(
        "Open a recipe", ["toml"], max_upload_size=LARGEST_MB, key=opener.key, on_change=_open, args=(opener,)
    )
    if upload:  # it would have made way for the controls of its recipe
        st.error(plain(recipe_in_use().refused), icon=":material/error:")


def _open(opener: Widget[UploadedFile]) -> None:
    upload = opener.value
    if upload is None:
        return
    try:
        recipe_in_use().start_from(parse_recipe(upload.getvalue().decode("utf-8", "replace")))
        let_go(upload)  # the new start's uploader is another one
    except Exception as error:
        recipe_in_use().refused = failures.in_words(error)
