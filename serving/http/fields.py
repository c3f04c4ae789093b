"""Field types of the endpoint's bodies, beside those of all typed bodies: a moment, a sum, a value of several types.

Knows no route.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    FiniteFloat,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from metier.texts.fields import ShortText


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("give a moment of the years 1 to 9999 in UTC") from None


def named_values(expected: Callable[[str], str]) -> WrapValidator:
    """For an object whose values may be of several types: one error a value, `expected` of its name.

    Pydantic by itself reports an error for each of the types and puts the type's name into the place. Texts and lists
    that are too long keep its message.
    """

    def validated(values: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(values)
        except ValidationError as error:
            by_place: dict[tuple[int | str, ...], InitErrorDetails] = {}
            for entry in error.errors(include_url=False):
                place, message = entry["loc"], entry["msg"]
                if len(place) > 1 and place[1] != "[key]":
                    place = place[:1]
                    message = message if entry["type"] in TOO_LONG else f"give {expected(str(place[0]))}"
                if place not in by_place or entry["type"] in TOO_LONG:
                    fault = PydanticCustomError("value", "{message}", {"message": message})
                    by_place[place] = InitErrorDetails(type=fault, loc=place, input=entry["input"])
            raise ValidationError.from_exception_data("values", list(by_place.values())) from None

    return WrapValidator(validated)


TOO_LONG = ("string_too_long", "too_long")
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Money = Annotated[FiniteFloat, Field(ge=0)]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Plain = ShortText | bool | Whole | FiniteFloat | None
