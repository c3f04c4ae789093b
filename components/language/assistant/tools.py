"""The tools of the search assistant: what each is for, its typed arguments and results, who carries it out.

The same tools are the endpoint's `/v1/tools` and an MCP server's. A marketplace is one actor's: no argument says who
asks. Knows no engine and no HTTP.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel

from components.language.assistant.arguments import (
    Ask,
    ChangeFilters,
    Compare,
    DraftJobPost,
    JobSearch,
    MarketRates,
    PeopleSearch,
)
from components.language.assistant.results import Comparison, JobPost, Rates, SearchResult, Told
from metier.errors import UnknownNameError
from metier.texts.fields import Model


class Marketplace(Protocol):
    """What one actor may see of a marketplace. Nothing that is asked here is recorded or changes anything."""

    @property
    def degraded(self) -> Sequence[str]:
        """What was done without so far."""
        ...

    def search(self, search: PeopleSearch | JobSearch) -> SearchResult:
        """Candidates, best first; NotFoundError for an unknown actor or job."""

    def change_filters(self, change: ChangeFilters) -> SearchResult:
        """The same with filters applied and limits relaxed."""

    def compare(self, compare: Compare) -> Comparison:
        """What candidates show, side by side."""

    def ask(self, ask: Ask) -> Told:
        """What candidates show that answers a question."""

    def market_rates(self, rates: MarketRates) -> Rates:
        """What is charged or paid by the hour."""

    def draft_job_post(self, draft: DraftJobPost) -> JobPost:
        """A job post, which is posted nowhere."""


@dataclass(frozen=True)
class Tool:
    """One tool; `call` takes a marketplace and arguments of the type `arguments`, and gives a `result`."""

    name: str
    description: str
    arguments: type[Model]
    result: type[BaseModel]
    call: Callable[[Marketplace, Any], BaseModel]


TOOLS = (
    Tool(
        "search_talent",
        "Find people for a text, a job of the client, or both. Countries, rates, hours, languages and what must not be "
        "are read from the text and hold as limits; skills and levels order. Filters stand in the place of the same.",
        PeopleSearch,
        SearchResult,
        lambda market, arguments: market.search(arguments),
    ),
    Tool(
        "search_jobs",
        "Find open jobs for a freelancer, by a text or by their profile. Limits are read from the text.",
        JobSearch,
        SearchResult,
        lambda market, arguments: market.search(arguments),
    ),
    Tool(
        "change_filters",
        "Go on from the `search` of a result: apply filters, or relax limits that leave too few, and search again.",
        ChangeFilters,
        SearchResult,
        lambda market, arguments: market.change_filters(arguments),
    ),
    Tool(
        "compare",
        "Show two to five candidates side by side by what they say of themselves.",
        Compare,
        Comparison,
        lambda market, arguments: market.compare(arguments),
    ),
    Tool(
        "ask",
        "Answer a question about candidates from what they show, each sentence with the spans that support it.",
        Ask,
        Told,
        lambda market, arguments: market.ask(arguments),
    ),
    Tool(
        "market_rates",
        "What people with certain skills, in a country or of a level, charge by the hour, or what such jobs pay.",
        MarketRates,
        Rates,
        lambda market, arguments: market.market_rates(arguments),
    ),
    Tool(
        "draft_job_post",
        "Write a job post from what is needed. Nothing is posted: the draft is for the client to read and send.",
        DraftJobPost,
        JobPost,
        lambda market, arguments: market.draft_job_post(arguments),
    ),
)
_BY_NAME = {tool.name: tool for tool in TOOLS}


def tool_named(name: str) -> Tool:
    """The tool of this name; UnknownNameError where there is none."""
    if name not in _BY_NAME:
        raise UnknownNameError("tool", name, tuple(_BY_NAME))
    return _BY_NAME[name]
