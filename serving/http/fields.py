"""Field types of the endpoint's bodies: what an id, a moment, a text or a sum may be. Knows no route."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints


def _not_blank(name: str) -> str:
    if not name.strip():
        raise ValueError("an id is more than white space")
    return name


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("give a moment of the years 1 to 9999 in UTC") from None


Id = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_not_blank)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
ShortText = Annotated[str, StringConstraints(max_length=500)]
LongText = Annotated[str, StringConstraints(max_length=50_000)]
Texts = Annotated[list[ShortText], Field(max_length=200)]
Money = Annotated[FiniteFloat, Field(ge=0)]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Plain = ShortText | bool | Whole | FiniteFloat | None


class Model(BaseModel):
    """Refuses what it does not know: a misspelt field is an error, not a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)
