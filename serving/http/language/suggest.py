"""`GET /v1/suggest`: what a person may be about to type."""

from typing import Annotated

from fastapi import FastAPI, Query

from components.language.taxonomy import Suggestion
from metier.texts.fields import Model
from serving.http.replica import Replica

Begun = Annotated[str, Query(min_length=1, max_length=100, description="What was typed so far.")]
Limit = Annotated[int, Query(ge=1, le=20)]


class Suggested(Model):
    """A text to offer: a skill by its label, with its id and the alias that was begun; a title; a place."""

    text: str
    kind: str
    skill_id: str | None = None
    alias: str | None = None

    @classmethod
    def of(cls, found: Suggestion) -> "Suggested":
        return cls(text=found.text, kind=found.kind, skill_id=found.skill_id, alias=found.alias)


class SuggestResponse(Model):
    """Best first."""

    suggestions: list[Suggested]


def suggest_route(app: FastAPI, replica: Replica) -> None:
    @app.get("/v1/suggest", response_model=SuggestResponse, response_model_exclude_none=True)
    async def suggest(q: Begun, limit: Limit = 8) -> SuggestResponse:
        """Skills, titles and places by the beginnings of their words, the most used first; one slip is let pass."""
        found = replica.engine.suggestions.starting(q, limit)
        return SuggestResponse(suggestions=[Suggested.of(each) for each in found])
