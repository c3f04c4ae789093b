"""Field types of typed bodies, whoever sends them: what an id or a text may be. Knows no route and no tool."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from metier.texts.ids import are_ordinary, is_ordinary, plain_id, why_no_id


def _naming(name: str) -> str:
    """The id as it is spelled here."""
    if is_ordinary(name):
        return name
    if not name.strip():
        raise ValueError("an id is more than white space")
    if reason := why_no_id(name):
        raise ValueError(reason)
    return plain_id(name)


def _all_naming(names: list[str]) -> list[str]:
    """As `_naming`, of each; an error for every one that names nobody."""
    if not names or are_ordinary(names):
        return names
    plain: list[str] = []
    faults: list[InitErrorDetails] = []
    for place, name in enumerate(names):
        try:
            plain.append(_naming(name))
        except ValueError as error:
            fault = PydanticCustomError("value_error", "Value error, {error}", {"error": str(error)})
            faults.append(InitErrorDetails(type=fault, loc=(place,), input=name))
    if faults:
        raise ValidationError.from_exception_data("ids", faults)
    return plain


IdText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Id = Annotated[IdText, AfterValidator(_naming)]
ALL_NAMING = AfterValidator(_all_naming)
"""Behind list[IdText] and its bounds: as list[Id], where all are looked at together."""
ShortText = Annotated[str, StringConstraints(max_length=500)]
LongText = Annotated[str, StringConstraints(max_length=50_000)]
Texts = Annotated[list[ShortText], Field(max_length=200)]


class Model(BaseModel):
    """Refuses what it does not know: a misspelt field is an error, not a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)
