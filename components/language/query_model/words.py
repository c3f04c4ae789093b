"""What a model writes of a search: the search's own words, by the part of a plan that they are for.

The words are what is asked of a model, fine-tuned or not, because a model of any size can copy them; what they are
worth is read by the taxonomy and the names and sums that the grammar reads. Knows no model.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Said = Annotated[str, Field(max_length=60)]
_Names = Annotated[list[_Said], Field(max_length=8)]


class Words(BaseModel):
    """Empty is not asked. As JSON compact, without what is empty, in this order; JSON of another form is none of it."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid")

    must: _Names = []
    nice: _Names = []
    not_: _Names = Field(default=[], alias="not")
    levels: _Names = []
    not_levels: _Names = []
    countries: _Names = []
    not_countries: _Names = []
    languages: _Names = []
    rate_min: _Said = ""
    rate_max: _Said = ""
    budget_min: _Said = ""
    budget_max: _Said = ""
    budget_kind: _Said = ""
    hours_min: _Said = ""
    hours_max: _Said = ""
    available: _Said = ""
    no_agencies: _Said = ""
    agencies_only: _Said = ""
    domains: _Names = []
    not_domains: _Names = []
    posted_within_days: _Said = ""

    def compact(self) -> str:
        """{"must":["react"],"rate_max":"$40/h"}."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)
