"""Controls made from options: each field's title, help, range, unit and step decide what is shown.

A few fields have an editor of their own, listed in `_EDITORS`; everything else follows from the schema.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeVar, get_args, get_origin

import streamlit as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from pages.shared.range_editor import edit_ranges
from segcore import model_card
from segcore.errors import SegdeckError
from segcore.methods import METHODS, MethodOptions
from segcore.options import Options, bounds, explain
from segcore.overlay import OVERLAYS, background_names, embed_picture
from segcore.photo import read_photo
from segcore.recipe import Recipe, ready_recipes

_OWN_PICTURE = "My own picture"
AnyOptions = TypeVar("AnyOptions", bound=Options)


def edit_recipe(recipe: Recipe, key: str) -> Recipe:
    """Show the controls of a recipe.

    Parameters
    ----------
    recipe
        What they show at first.
    key
        Starts the keys of the widgets; a new one makes them start anew.

    Returns
    -------
    Recipe
        As the controls are set now, or ``recipe`` where they hold something wrong, which is then said.
    """
    segmenter = _choose("Split by", METHODS, recipe.segmenter, _first_ready, f"{key}-method")
    segmenter = edit(segmenter, f"{key}-{segmenter.method}")
    overlay = _choose("Show as", OVERLAYS, recipe.overlay, lambda kind: OVERLAYS[kind](), f"{key}-kind")
    overlay = edit(overlay, f"{key}-{overlay.kind}")
    return recipe.model_copy(update={"segmenter": segmenter, "overlay": overlay})


def edit(options: AnyOptions, key: str) -> AnyOptions:
    """Show a control for each field of ``options`` and return them as the controls are set now."""
    if edit_whole := _EDITORS.get(getattr(options, "method", None) or getattr(options, "kind", "")):
        values = edit_whole(options, key)
    else:
        values = {
            name: _control(field, getattr(options, name), f"{key}-{name}")
            for name, field in type(options).model_fields.items()
            if name not in ("method", "kind")
        }
    try:
        return type(options).model_validate({**options.model_dump(), **values})
    except ValidationError as error:
        st.warning(str(explain(error)), icon=":material/warning:")
        return options


def _choose(label: str, known: dict[str, Any], now: Any, make: Callable[[str], Any], key: str) -> Any:
    """Let one of several kinds of options be chosen; a newly chosen one starts with its defaults."""
    name = now.method if isinstance(now, MethodOptions) else now.kind
    chosen = st.selectbox(label, known, index=list(known).index(name), format_func=lambda n: known[n].title, key=key)
    return now if chosen == name else make(chosen)


def _first_ready(method: str) -> MethodOptions:
    """Return a method's options as the first ready recipe that uses it has them."""
    return next(recipe.segmenter for recipe in ready_recipes().values() if recipe.segmenter.method == method)


def _control(field: FieldInfo, value: Any, key: str) -> Any:
    title = field.title or "?"
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    if both := bounds(field):
        kind = type(value)
        label = f"{title} ({extra['unit']})" if extra.get("unit") else title
        low, high, step = (kind(number) for number in (*both, extra.get("step", 1)))
        return st.slider(label, low, high, value, step, help=field.description, key=key)
    if get_origin(field.annotation) is Literal:
        return st.selectbox(title, get_args(field.annotation), help=field.description, key=key)
    if isinstance(value, bool):
        return st.toggle(title, value, help=field.description, key=key)
    if isinstance(value, str) and value.startswith("#"):
        return st.color_picker(title, value, help=field.description, key=key)
    return st.text_input(title, value, help=field.description, key=key)


def _edit_network(options: Any, key: str) -> dict[str, Any]:
    families = {card.family: card for card in model_card.cards().values()}
    names = list(dict.fromkeys([*families, options.model]))
    field = type(options).model_fields["model"]
    model = st.selectbox(field.title or "", names, index=names.index(options.model), help=field.description, key=key)
    if model in families:
        st.caption(families[model].task)
    return {"model": model}


def _edit_background(options: Any, key: str) -> dict[str, Any]:
    names = [*background_names(), _OWN_PICTURE]
    index = names.index(options.picture) if options.picture in names else len(names) - 1
    chosen = st.selectbox("Background", names, index=index, format_func=_in_words, key=key)
    if chosen != _OWN_PICTURE:
        return {"picture": chosen}
    upload = st.file_uploader(
        "A picture of yours", ["png", "jpg", "jpeg", "webp"], max_upload_size=20, key=f"{key}-own"
    )
    if upload is None:
        return {}
    try:
        return {"picture": embed_picture(read_photo(upload.getvalue()).image)}
    except SegdeckError as error:
        st.warning(str(error), icon=":material/warning:")
        return {}


def _in_words(name: str) -> str:
    return name.replace("_", " ").capitalize()


_EDITORS: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    "color_range": edit_ranges,
    "network": _edit_network,
    "replace": _edit_background,
}
