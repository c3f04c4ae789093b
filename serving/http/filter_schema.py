"""The filters of each surface as the OpenAPI document describes them. Knows no route."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from components.language.understanding.filter_models import JobFilters, PersonFilters
from metier.texts.fields import ShortText, Texts
from serving.http.fields import Plain, named_values


def _expected(name: str) -> str:
    if name == "posted_since":
        return "an ISO date such as 2026-01-31"
    if name in ("available", "agencies"):
        return "true or false"
    return "a number" if name.endswith("_usd") or name == "hours_min" else "a text or a list of texts"


_Values = Annotated[dict[ShortText, Plain | Texts], Field(max_length=20), named_values(_expected)]
PersonFilterValues = Annotated[_Values, WithJsonSchema(PersonFilters.model_json_schema())]
JobFilterValues = Annotated[_Values, WithJsonSchema(JobFilters.model_json_schema())]
CandidateFilterValues = Annotated[
    _Values, WithJsonSchema({"anyOf": [PersonFilters.model_json_schema(), JobFilters.model_json_schema()]})
]
"""Those of either; the surface that is asked decides."""
