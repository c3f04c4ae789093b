"""What happens while the assistant answers, in its order: as server-sent events, or all at once. Typed, JSON."""

from typing import Any, Literal

from pydantic import BaseModel, SerializeAsAny

from components.language.assistant.arguments import Search
from components.language.assistant.results import Candidate, Said


class Planned(BaseModel):
    """What the assistant makes of a turn, and which planner chose it."""

    kind: Literal["plan"] = "plan"
    doing: str
    planner: str


class Called(BaseModel):
    """A call of a tool: what it was asked, what it found, or what it failed by."""

    kind: Literal["tool"] = "tool"
    tool: str
    arguments: dict[str, Any]
    found: str = ""
    error: str | None = None
    took_ms: float
    result: SerializeAsAny[BaseModel] | None = None


class Shortlist(BaseModel):
    """Candidates, best first, of a search and the limits that held."""

    kind: Literal["shortlist"] = "shortlist"
    candidates: list[Candidate]
    search: Search
    fitting: int
    limits: dict[str, Any]


class Spoken(BaseModel):
    """The answer: sentences, with the spans that support what they say of candidates."""

    kind: Literal["message"] = "message"
    text: str
    sentences: list[Said]


class Used(BaseModel):
    """Of what is limited."""

    steps: int
    ms: float
    tokens: int


class Done(BaseModel):
    """The end. `stopped` names the limit that ended the work early; `degraded` what was done without."""

    kind: Literal["done"] = "done"
    conversation_id: str
    degraded: list[str]
    stopped: Literal["steps", "time"] | None = None
    used: Used


Event = Planned | Called | Shortlist | Spoken | Done
