"""Controls made from options: each field's title, help, range, unit and step decide what is shown.

A few fields have an editor of their own, listed in `_EDITORS`; everything else follows from the schema.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin

import streamlit as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from pages.shared.controls.marks_editor import edit_marks
from pages.shared.controls.range_editor import edit_ranges
from pages.shared.networks.choose_network import choose_network
from pages.shared.plain_text import plain
from pages.shared.server import failures
from segcore.marks import Marks
from segcore.methods import METHODS, MethodOptions
from segcore.methods.color_range import ColorRangeOptions
from segcore.methods.network import NetworkOptions
from segcore.methods.objects import SOURCES
from segcore.options import Options, bounds, explain, is_choice
from segcore.overlays import OVERLAYS, Overlay
from segcore.overlays.background import background_names, embed_picture
from segcore.overlays.replace import Replace
from segcore.picture.photo import read_photo_in_worker
from segcore.recipe import Recipe, start_with

_OWN_PICTURE = "My own picture"
AnyOptions = TypeVar("AnyOptions", bound=Options)
Named = TypeVar("Named", MethodOptions, Overlay)


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
        overlay = _choose("Show as", OVERLAYS, recipe.overlay, _default_overlay, f"{key}-kind")
        overlay = edit(overlay, f"{key}-{overlay.kind}")
    return recipe.model_copy(update={"segmenter": segmenter, "refinement": refinement, "overlay": overlay})


def _edit_method(label: str, known: Mapping[str, type[MethodOptions]], now: MethodOptions, key: str) -> MethodOptions:
    """Let a method be chosen and set. A method may hold another one, which it works on."""
    method = _choose(label, known, now, _first_segmenter, key)
    return edit(method, f"{key}-{method.method}")


def _first_segmenter(name: str) -> MethodOptions:
    return start_with(name).segmenter


def _default_overlay(kind: str) -> Overlay:
    return OVERLAYS[kind].model_validate({"kind": kind})


def edit(options: AnyOptions, key: str) -> AnyOptions:
    """Show a control for each field of ``options`` that counts and return them as the controls are set now."""
    editor = next((editor for kind, editor in _EDITORS.items() if isinstance(options, kind)), None)
    values = editor.show(options, key) if editor else {}
    values |= _edit_each(options, key, without=editor.fields if editor else ())
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


def _choose(label: str, known: Mapping[str, type[Named]], now: Named, make: Callable[[str], Named], key: str) -> Named:
    """Let one of several kinds of options be chosen; a newly chosen one starts with its defaults."""
    names = list(known)
    name = _name_of(now)
    chosen = st.selectbox(label, names, names.index(name), format_func=lambda name: known[name].title, key=key)
    return now if chosen == name else make(chosen)


def _name_of(options: Options) -> str:
    """Return which method or overlay these options are of; nothing where they are of neither."""
    if isinstance(options, MethodOptions):
        return options.method
    return options.kind if isinstance(options, Overlay) else ""


def _control(field: FieldInfo, value: Any, key: str) -> Any:
    title = field.title or "?"
    extra: Mapping[str, Any] = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    if isinstance(value, MethodOptions):
        return _edit_method(title, SOURCES, value, key)
    if get_origin(field.annotation) is tuple and bounds(field, "min_length", "max_length"):
        return _numbers(field, value, key)
    if both := bounds(field):
        kind: type[float] = int if field.annotation is int else float  # a float field's default may be written as 4
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
            format_func=lambda one: str(words.get(one) or _in_words(one)),
            help=field.description,
            key=key,
        )
    if isinstance(value, bool):
        return st.toggle(title, value, help=field.description, key=key)
    if isinstance(value, str) and value.startswith("#"):
        return st.color_picker(title, value, help=field.description, key=key)
    return st.text_input(title, value, help=field.description, key=key)


def _numbers(field: FieldInfo, value: tuple[int, ...], key: str) -> tuple[int, ...]:
    """Show how many numbers there are and a slider for each; a new one starts halfway from the last to the highest."""
    low, high = _whole(bounds(get_args(get_args(field.annotation)[0])[1]))
    fewest, most = _whole(bounds(field, "min_length", "max_length"))
    many = st.slider(f"{field.title}: how many", fewest, most, len(value), key=f"{key}-many")
    numbers: list[int] = []
    for place in range(many):
        start = value[place] if place < len(value) else (numbers[-1] + high) // 2
        title = f"{field.title} {place + 1}"
        numbers.append(st.slider(title, low, high, start, help=field.description, key=f"{key}-{place}"))
    return tuple(numbers)


def _whole(ends: tuple[float, float] | None) -> tuple[int, int]:
    if ends is None:
        raise TypeError("a list of numbers needs bounds, for its length and for each of them")
    return int(ends[0]), int(ends[1])


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


class _Editor(NamedTuple):
    """An editor for some fields: what shows it and returns their values, and which they are."""

    show: Callable[[Any, str], dict[str, Any]]
    fields: tuple[str, ...]


_EDITORS: dict[type[Options], _Editor] = {
    ColorRangeOptions: _Editor(edit_ranges, ("space", "ranges")),
    Marks: _Editor(edit_marks, tuple(Marks.model_fields)),
    NetworkOptions: _Editor(choose_network, ("model", "classes", "colors")),
    Replace: _Editor(_edit_background, ("picture",)),
}
"""By a method's or an overlay's options, or by a trait of them."""
