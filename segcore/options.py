"""What every set of options shares: frozen, strict about names, and described field by field.

The page's controls, the command line, the recipe file and the docs all come from these fields.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic.functional_validators import ModelWrapValidatorHandler, PlainValidator
from pydantic_core import InitErrorDetails, PydanticCustomError

from segcore.errors import SegdeckError, listed, nearest_name, quote


def like(pattern: str, words: str) -> AfterValidator:
    """Return a check that a whole text fits a pattern, and says in words what is wanted if it does not.

    Parameters
    ----------
    pattern
        A regular expression.
    words
        What fits it, for example ``"a colour such as #ff3b30"``.
    """

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise PydanticCustomError("like", "it must be {words}", {"words": words})
        return text

    return AfterValidator(check)


HexColor: TypeAlias = Annotated[str, StringConstraints(to_lower=True), like("#[0-9a-f]{6}", "a colour such as #ff3b30")]
"""A colour as ``#rrggbb``."""

_PLAIN_WORDS = {
    "bool_parsing": "it must be true or false",
    "bool_type": "it must be true or false",
    "float_parsing": "it must be a number",
    "float_type": "it must be a number",
    "greater_than": "it must be above {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "int_from_float": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_parsing_size": "it must be a whole number",
    "int_type": "it must be a whole number",
    "less_than_equal": "it must be at most {le}",
    "literal_error": "it must be {expected}",
    "model_type": "it must be a table",
    "string_too_long": "it must have at most {max_length:,} characters",
    "string_too_short": "it must not be empty",
    "string_type": "it must be text",
    "string_unicode": "it must be text",
    "too_long": "it must have at most {max_length} entries",
    "too_short": "it must have at least {min_length} of them",
    "tuple_type": "it must be a list",
}
"""What pydantic's own findings are called in a sentence for people."""


def unit(name: str, step: float = 1) -> dict[str, Any]:
    """Return a field's unit and the step of its control, for ``Field(json_schema_extra=...)``."""
    return {"unit": name, "step": step}


def only_if(**values: Any) -> dict[str, Any]:
    """Return what makes a field count only where another field has one of some values.

    It joins `unit` in ``Field(json_schema_extra=unit("px") | only_if(kind=("mean", "gaussian")))``. A field that does
    not count keeps its value; pages hide it.
    """
    return {"only_if": values}


def called(**words: str) -> dict[str, Any]:
    """Return what the choices of a field are called for people, where their own names would not do."""
    return {"called": words}


def is_choice(field: FieldInfo) -> bool:
    """Tell whether a field can have one value only, so that it says which set of options this is."""
    return get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


def bounds(field: FieldInfo, low: str = "ge", high: str = "le") -> tuple[float, float] | None:
    """Return the smallest and the largest value of a field, or None where it has no such bounds.

    With ``"min_length"`` and ``"max_length"``, how many values a list may have.
    """
    found = {name: getattr(entry, name) for entry in field.metadata for name in (low, high) if hasattr(entry, name)}
    return (found[low], found[high]) if found.keys() == {low, high} else None


class Options(BaseModel):
    """A frozen record of options.

    A field's ``description`` is its one-line help, its ``title`` the name of its control, and ``unit()`` gives
    its unit and step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=500)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_fields(cls, values: Any) -> Any:
        """Tell which field may have been meant, where pydantic only says that there is none, for each of thousands."""
        for name in values if isinstance(values, dict) else ():
            if name not in cls.model_fields:
                raise wrong_value((str(name),), None, _no_such_field(str(name), cls.model_fields))
        return values

    def __getstate__(self) -> dict[Any, Any]:
        """Return what is pickled: the fields, and not what a method has kept beside them for its next call."""
        state = super().__getstate__()
        return state | {"__dict__": {name: getattr(self, name) for name in type(self).model_fields}}

    def counts(self, name: str) -> bool:
        """Tell whether a field matters as the others are set now: see `only_if`."""
        extra = type(self).model_fields[name].json_schema_extra
        wanted: Any = extra.get("only_if", {}) if isinstance(extra, dict) else {}
        return all(getattr(self, other) in values for other, values in wanted.items())

    @field_validator("*", mode="wrap")
    @classmethod
    def _name_the_whole_range(cls, value: Any, handler: ModelWrapValidatorHandler[Any], info: ValidationInfo) -> Any:
        """Tell both ends of a range, where pydantic names only the one that was missed."""
        try:
            return handler(value)
        except ValidationError:
            field = cls.model_fields[str(info.field_name)]
            both = bounds(field)
            if both is None:
                raise
            kind = "whole number" if field.annotation is int else "number"
            raise PydanticCustomError(
                "range", "it must be a {kind} from {low} to {high}", {"kind": kind, "low": both[0], "high": both[1]}
            ) from None


def chosen_by(key: str, known: Mapping[str, type[Options]]) -> PlainValidator:
    """Return a validator that reads a table with the options that the table's own ``key`` names.

    Parameters
    ----------
    key
        The field that tells which, for example ``"method"``.
    known
        The options by that field's value.
    """

    def choose(value: Any) -> Options:
        if isinstance(value, Options) and type(value) in known.values():
            return value
        if not isinstance(value, dict):
            raise PydanticCustomError("table", "it must be a table")
        name = value.get(key)
        if not isinstance(name, str) or name not in known:
            raise wrong_value((key,), name, f"it must be one of {listed(known)}")
        return known[name].model_validate(value)

    return PlainValidator(choose)


def _no_such_field(name: str, known: Iterable[str]) -> str:
    """Say that there is no field of a name, and which may have been meant."""
    near = nearest_name(name, known)
    return "there is no such field" + (f"; did you mean {near}?" if near else "")


def wrong_value(where: tuple[str | int, ...], value: object, words: str) -> ValidationError:
    """Return the error for one value inside a record, for a check that sees the whole record.

    Parameters
    ----------
    where
        The way to the value: names of fields and places in lists.
    value
        The value.
    words
        What is wanted, for example ``"it must be one of bgr, hsv"``.
    """
    problem = PydanticCustomError("wrong_value", "{words}", {"words": words})
    return ValidationError.from_exception_data("", [InitErrorDetails(type=problem, loc=where, input=value)])


def explain(error: ValidationError) -> SegdeckError:
    """Say in one sentence which field has which wrong value and what is allowed.

    Parameters
    ----------
    error
        What pydantic found.

    Returns
    -------
    SegdeckError
        For its first finding, e.g. ``overlay.strength: 3 is not allowed: it must be a number from 0.0 to 1.0.``
    """
    first = error.errors(include_url=False)[0]
    where = ".".join(map(place_name, first["loc"])) or "recipe"
    if first["type"] == "missing":
        return SegdeckError(f"{where}: this field is missing.")
    words = _PLAIN_WORDS.get(first["type"], "{msg}").format(**first.get("ctx", {}), msg=first["msg"])
    words = words.removeprefix("Value error, ").rstrip(".")
    words = words[0].lower() + words[1:] + ("" if words.endswith("?") else ".")
    value = _repeat(first["input"])
    return SegdeckError(f"{where}: {value} is not allowed: {words}" if value else f"{where}: {words}")


def place_name(part: str | int) -> str:
    """Return one step on the way to a value; a field that somebody made up may hold anything."""
    return str(part) if re.fullmatch(r"\w{1,40}", str(part)) else quote(part)


def _repeat(value: object) -> str:
    """Return a wrong value as a sentence repeats it; empty for one that is long, or holds a path of the visitor's."""
    if isinstance(value, int) and abs(value) > 1e15:  # Python refuses to write out thousands of digits
        return ""
    text = repr(value) if isinstance(value, str | int | float) else ""
    return "" if len(text) > 60 or "/" in text or "\\" in text else text
