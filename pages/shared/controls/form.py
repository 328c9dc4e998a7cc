"""Controls made from options: each field's title, help, range, unit and step decide what is shown.

A few fields have an editor of their own, listed in `_EDITORS`; everything else follows from the schema.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

import streamlit as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from pages.shared.controls.marks_editor import edit_marks
from pages.shared.controls.range_editor import edit_ranges
from pages.shared.desk.show import plain
from pages.shared.networks.choose_network import choose_network
from pages.shared.server import failures
from segcore.methods import METHODS, MethodOptions
from segcore.methods.objects import SOURCES
from segcore.options import Options, bounds, explain, is_choice
from segcore.overlays import OVERLAYS
from segcore.overlays.background import background_names, embed_picture
from segcore.picture.photo import read_photo_in_worker
from segcore.recipe import Recipe, start_with

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
    segment, refine, show = st.tabs(["Segment", "Refine", "Show"])
    with segment:
        segmenter = _edit_method("Method", METHODS, recipe.segmenter, f"{key}-method")
    if segmenter.method != recipe.segmenter.method:  # what suited the old one could hide what the new one finds
        start = start_with(segmenter.method)
        recipe = recipe.model_copy(update={"refinement": start.refinement, "overlay": start.overlay})
    key = f"{key}-{segmenter.method}"
    with refine:
        st.caption("Optional, after any method: steadier, cleaner, and cut along the picture's own edges.")
        refinement = edit(recipe.refinement, f"{key}-refine")
    with show:
        overlay = _choose("Show as", OVERLAYS, recipe.overlay, lambda kind: OVERLAYS[kind](), f"{key}-kind")
        overlay = edit(overlay, f"{key}-{overlay.kind}")
    return recipe.model_copy(update={"segmenter": segmenter, "refinement": refinement, "overlay": overlay})


def _edit_method(label: str, known: Mapping[str, type[MethodOptions]], now: MethodOptions, key: str) -> MethodOptions:
    """Let a method be chosen and set. A method may hold another one, which it works on."""
    method = _choose(label, known, now, lambda name: start_with(name).segmenter, key)
    return edit(method, f"{key}-{method.method}")


def edit(options: AnyOptions, key: str) -> AnyOptions:
    """Show a control for each field of ``options`` that counts and return them as the controls are set now."""
    edit_own, own = _EDITORS.get(getattr(options, "method", None) or getattr(options, "kind", ""), (None, ()))
    values = edit_own(options, key) if edit_own else {}
    values |= _edit_each(options, key, without=own)
    changed = {name: value for name, value in values.items() if value != getattr(options, name)}
    if not changed:  # the very same object: an embedded picture is not read again
        return options
    try:
        return type(options).model_validate({**dict(options), **changed})
    except ValidationError as error:
        st.warning(plain(str(explain(error))), icon=":material/warning:")
        return options


def _edit_each(options: Options, key: str, without: tuple[str, ...]) -> dict[str, Any]:
    """Show the fields in their order; one that counts only with another's value follows it at once."""
    values: dict[str, Any] = {}
    for name, field in type(options).model_fields.items():
        if is_choice(field) or name in without or not options.model_copy(update=values).counts(name):
            continue
        values[name] = _control(field, getattr(options, name), f"{key}-{name}")
    return values


def _choose(label: str, known: Mapping[str, Any], now: Any, make: Callable[[str], Any], key: str) -> Any:
    """Let one of several kinds of options be chosen; a newly chosen one starts with its defaults."""
    name = now.method if isinstance(now, MethodOptions) else now.kind
    chosen = st.selectbox(label, known, index=list(known).index(name), format_func=lambda n: known[n].title, key=key)
    return now if chosen == name else make(chosen)


def _control(field: FieldInfo, value: Any, key: str) -> Any:
    title = field.title or "?"
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    if isinstance(value, MethodOptions):
        return _edit_method(title, SOURCES, value, key)
    if get_origin(field.annotation) is tuple and (lengths := bounds(field, "min_length", "max_length")):
        return _numbers(field, value, lengths, key)
    if both := bounds(field):
        kind = int if field.annotation is int else float  # a float field's default may be written as 4
        label = f"{title} ({extra['unit']})" if extra.get("unit") else title
        low, high, step = (kind(number) for number in (*both, extra.get("step", 1)))
        return st.slider(label, low, high, kind(value), step, help=field.description, key=key)
    if get_origin(field.annotation) is Literal:
        known = get_args(field.annotation)
        words = extra.get("called", {})
        return st.selectbox(
            title,
            known,
            index=known.index(value),
            format_func=lambda one: words.get(one) or _in_words(one),
            help=field.description,
            key=key,
        )
    if isinstance(value, bool):
        return st.toggle(title, value, help=field.description, key=key)
    if isinstance(value, str) and value.startswith("#"):
        return st.color_picker(title, value, help=field.description, key=key)
    return st.text_input(title, value, help=field.description, key=key)


def _numbers(field: FieldInfo, value: tuple[int, ...], lengths: tuple[float, float], key: str) -> tuple[int, ...]:
    """Show how many numbers there are and a slider for each; a new one starts halfway from the last to the highest."""
    low, high = bounds(get_args(get_args(field.annotation)[0])[1])
    many = st.slider(f"{field.title}: how many", *lengths, len(value), key=f"{key}-many")
    numbers: list[int] = []
    for place in range(many):
        start = value[place] if place < len(value) else (numbers[-1] + high) // 2
        title = f"{field.title} {place + 1}"
        numbers.append(st.slider(title, low, high, start, help=field.description, key=f"{key}-{place}"))
    return tuple(numbers)


def _edit_background(options: Any, key: str) -> dict[str, Any]:
    names = [*background_names(), _OWN_PICTURE]
    own = options.picture not in names
    index = names.index(_OWN_PICTURE if own else options.picture)
    chosen = st.selectbox("Background", names, index=index, format_func=_in_words, key=key)
    if chosen != _OWN_PICTURE:
        return {"picture": chosen}
    upload = st.file_uploader(
        "A picture of yours", ["png", "jpg", "jpeg", "webp"], max_upload_size=20, key=f"{key}-own"
    )
    if upload is None:  # also after a change of page: the recipe still holds the picture
        if own:
            st.caption("Your picture is in use. Choose another to replace it.")
        return {}
    try:
        return {"picture": _embedded(upload.getvalue())}
    except Exception as error:
        st.warning(plain(failures.in_words(error)), icon=":material/warning:")
        return {}


@st.cache_data(scope="session", max_entries=1, show_spinner=False)
def _embedded(content: bytes) -> str:
    return embed_picture(read_photo_in_worker(content).image)


def _in_words(name: str) -> str:
    return name.replace("_", " ").capitalize()


_EDITORS: dict[str, tuple[Callable[[Any, str], dict[str, Any]], tuple[str, ...]]] = {
    "color_range": (edit_ranges, ("space", "ranges")),
    "grab": (edit_marks, ("box", "strokes")),
    "network": (choose_network, ("model", "classes", "colors")),
    "replace": (_edit_background, ("picture",)),
}
"""By method or overlay: the editor, and the fields that are its own."""
