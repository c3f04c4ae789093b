"""Field types of typed bodies, whoever sends them: what an id or a text may be. Knows no route and no tool."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from metier.texts.ids import is_ordinary, plain_id, why_no_id


def _naming(name: str) -> str:
    """The id as it is spelled here."""
    if is_ordinary(name):
        return name
    if not name.strip():
        raise ValueError("an id is more than white space")
    if reason := why_no_id(name):
        raise ValueError(reason)
    return plain_id(name)


Id = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_naming)]
ShortText = Annotated[str, StringConstraints(max_length=500)]
LongText = Annotated[str, StringConstraints(max_length=50_000)]
Texts = Annotated[list[ShortText], Field(max_length=200)]


class Model(BaseModel):
    """Refuses what it does not know: a misspelt field is an error, not a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)
