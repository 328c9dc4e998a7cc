"""What every set of options shares: frozen, strict about names, and described field by field.

The page's controls, the command line, the recipe file and the docs all come from these fields.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic.functional_validators import ModelWrapValidatorHandler, PlainValidator
from pydantic_core import PydanticCustomError

from segcore.errors import SegdeckError

HexColor: TypeAlias = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]
"""A colour as ``#rrggbb``."""


def unit(name: str, step: float = 1) -> dict[str, Any]:
    """Return a field's unit and the step of its control, for ``Field(json_schema_extra=...)``."""
    return {"unit": name, "step": step}


def bounds(field: FieldInfo) -> tuple[float, float] | None:
    """Return the smallest and the largest value of a field, or None where it has no such bounds."""
    found = {name: getattr(entry, name) for entry in field.metadata for name in ("ge", "le") if hasattr(entry, name)}
    return (found["ge"], found["le"]) if found.keys() == {"ge", "le"} else None


class Options(BaseModel):
    """A frozen record of options.

    A field's ``description`` is its one-line help, its ``title`` the name of its control, and ``unit()`` gives
    its unit and step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="wrap")
    @classmethod
    def _name_the_whole_range(cls, value: Any, handler: ModelWrapValidatorHandler[Any], info: ValidationInfo) -> Any:
        """Tell both ends of a range, where pydantic names only the one that was missed."""
        try:
            return handler(value)
        except ValidationError:
            both = bounds(cls.model_fields[info.field_name]) if info.field_name else None
            if both is None:
                raise
            raise PydanticCustomError(
                "range", "it must be a number from {low} to {high}", dict(zip(("low", "high"), both, strict=True))
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
        if isinstance(value, Options):
            return value
        name = value.get(key) if isinstance(value, dict) else None
        if not isinstance(name, str) or name not in known:
            context = {"key": key, "name": repr(name), "known": ", ".join(known)}
            raise PydanticCustomError("choice", "{key} {name} is not allowed: it must be one of {known}", context)
        return known[name].model_validate(value)

    return PlainValidator(choose)


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
    where = ".".join(str(part) for part in first["loc"]) or "recipe"
    if first["type"] == "extra_forbidden":
        return SegdeckError(f"{where}: there is no such field.")
    if first["type"] == "missing":
        return SegdeckError(f"{where}: this field is missing.")
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    if where == "recipe" or isinstance(first["input"], dict):
        return SegdeckError(f"{where}: {message}.")
    value = repr(first["input"])
    if len(value) > 60:
        value = value[:57] + "..."
    return SegdeckError(f"{where}: {value} is not allowed: {message[0].lower() + message[1:]}.")
