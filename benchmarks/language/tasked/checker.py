"""Whether a task of the assistant was done, by what the lake holds: the assistant's own word for it counts nothing.

Knows columns of the lake and the events of `POST /v1/assist`; no planner and no engine.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from components.language.answers.shown import shown_text
from components.language.assistant.events import Event, Shortlist, Spoken
from components.language.assistant.results import Comparison, JobPost, Rates, SearchResult
from components.language.names.countries import country_code
from components.language.taxonomy import Taxonomy
from metier.lake import Lake

Row = Mapping[str, Any]
NAMES = {"rate_max": "rate", "countries": "country"}
"""How a message calls a limit that was given up."""


@dataclass(frozen=True)
class World:
    """What the lake holds: newest versions by id, those who may be shown to a visitor, and its clock."""

    people: Mapping[str, Row]
    jobs: Mapping[str, Row]
    now: datetime
    taxonomy: Taxonomy

    @classmethod
    def of(cls, lake: Lake, taxonomy: Taxonomy) -> "World":
        people = {row["freelancer_id"]: row for row in lake.read("freelancers").to_pylist()}
        jobs = {row["job_id"]: row for row in lake.read("jobs").to_pylist()}
        return cls(people, jobs, lake.as_of(), taxonomy)

    def row(self, name: str) -> Row:
        return self.people.get(name) or self.jobs[name]

    def lists(self, row: Row, skill: str) -> bool:
        """Whether a candidate lists a skill, or one that it belongs to or that belongs to it."""
        wanted = self.taxonomy.find(skill)
        listed = {self.taxonomy.find(each) for each in row["skills"]} | {
            mention.skill_id for mention in self.taxonomy.mentions(row["title"])
        }
        near = {wanted, *(self.taxonomy.relations(wanted)["narrower"] if wanted else ())}
        return bool(listed & near)


@dataclass(frozen=True)
class Turned:
    """What one turn came to."""

    said: str
    events: tuple[Event, ...]

    @property
    def shortlist(self) -> list[str]:
        return [each.candidate_id for event in self.events if isinstance(event, Shortlist) for each in event.candidates]

    @property
    def message(self) -> Spoken:
        return next(event for event in self.events if isinstance(event, Spoken))

    def result(self, kind: type, at: int = -1) -> Any:
        """The last result of a kind, or the one `at` its place; None where no tool gave one."""
        results = [each.result for each in self.events if each.kind == "tool" and isinstance(each.result, kind)]
        return results[at] if results else None


def faults(expected: Mapping[str, Any], turns: Sequence[Turned], world: World) -> Iterator[str]:
    """What of a task is not done; nothing where it is."""
    for name, value in expected.items():
        yield from _CHECKS[name](value, turns, world)
    for turn in turns:
        for said in turn.message.sentences:
            for cited in said.citations:
                text = shown_text(world.row(cited.candidate_id)[cited.field])
                if text[cited.start : cited.end] != cited.quote:
                    yield f"{cited.candidate_id} {cited.field} does not hold {cited.quote!r}"


def _shortlist(asked: Mapping[str, Any], turns: Sequence[Turned], world: World) -> Iterator[str]:
    names = turns[-1].shortlist
    if not names:
        yield "no shortlist"
    for name in names:
        row = world.row(name)
        if row["status"] not in ("listed", "open"):
            yield f"{name} may not be shown"
        yield from (f"{name} breaks {part}" for part, value in asked.items() if not _keeps(row, part, value, world.now))
    if names and "first_has" in asked and not world.lists(world.row(names[0]), asked["first_has"]):
        yield f"{names[0]} does not list {asked['first_has']}"


def _keeps(row: Row, part: str, value: Any, now: datetime) -> bool:
    """Whether a candidate keeps a limit, or its value is unknown."""
    column, keeps = _LIMITS.get(part, (None, None))
    if part in ("rate_max", "rate_min"):
        rate = _rate(row)
        return rate is None or (rate <= value if part == "rate_max" else rate >= value)
    if part == "agencies":
        return (row["agency_id"] is not None) == value
    if part == "posted_within_days":
        return bool(row["posted_at"] >= now - timedelta(days=value + 1))
    if column is None or keeps is None:
        return True
    held = row[column]
    return held is None or held == [] or keeps(held, value)


_LIMITS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "countries": ("country", lambda held, value: country_code(held) in value),
    "not_countries": ("country", lambda held, value: country_code(held) not in value),
    "levels": ("experience_level", lambda held, value: held in value),
    "language": ("languages", lambda held, value: value in held),
    "hours_min": ("hours_per_week", lambda held, value: held >= value),
    "budget_kind": ("budget_kind", lambda held, value: held == value),
}
"""The column of each limit that one holds, and how it is kept."""


def _rate(row: Row) -> float | None:
    """US dollars an hour: a person's, or the most that a job pays."""
    rate: float | None = row["budget_max_usd"] if row.get("budget_kind") == "hourly" else row.get("hourly_rate_usd")
    return rate


def _relaxed(parts: Sequence[str], turns: Sequence[Turned], world: World) -> Iterator[str]:
    """Limits that had to be given up, and that this was said."""
    yield from _freed(parts, turns, world)
    for part in parts:
        if "gave up" not in turns[-1].message.text or NAMES[part] not in turns[-1].message.text:
            yield f"it does not say that it gave up {part}"


def _freed(parts: Sequence[str], turns: Sequence[Turned], world: World) -> Iterator[str]:
    """Limits that hold no more: as many fit as the lake has, or more."""
    result, first = turns[-1].result(SearchResult), turns[0].result(SearchResult, 0)
    if result is None or first is None or result.fitting <= first.fitting:
        yield f"no more fit without {', '.join(parts)}"


def _rates_of(names: Sequence[str], world: World) -> list[float]:
    rows = map(world.row, names)
    sums = (
        row.get("hourly_rate_usd") or (row.get("budget_kind") == "hourly" and row["budget_max_usd"]) for row in rows
    )
    return [rate for rate in sums if rate]


def _cheaper(_: bool, turns: Sequence[Turned], world: World) -> Iterator[str]:
    before, after = (_rates_of(turn.shortlist, world) for turn in (turns[-2], turns[-1]))
    if not after or statistics.fmean(after) >= statistics.fmean(before) or max(after) >= statistics.median(before):
        yield f"{after} is not cheaper than {before}"


def _dearer(_: bool, turns: Sequence[Turned], world: World) -> Iterator[str]:
    before, after = (_rates_of(turn.shortlist, world) for turn in (turns[-2], turns[-1]))
    if not after or statistics.fmean(after) <= statistics.fmean(before):
        yield f"{after} does not pay more than {before}"


def _more(_: bool, turns: Sequence[Turned], world: World) -> Iterator[str]:
    before, after = set(turns[-2].shortlist), set(turns[-1].shortlist)
    if len(after - before) < 3:
        yield "not more are shown"


def _widened(_: bool, turns: Sequence[Turned], world: World) -> Iterator[str]:
    both = {country_code(world.row(name)["country"] or "") for name in turns[-1].shortlist}
    if len(both - {None}) < 2:
        yield f"only {both} are shown"


def _compares(positions: Sequence[int], turns: Sequence[Turned], world: World) -> Iterator[str]:
    wanted = [turns[-2].shortlist[position] for position in positions]
    result = turns[-1].result(Comparison)
    if result is None or [each.candidate_id for each in result.candidates] != wanted:
        yield f"not {wanted} were compared"
        return
    rate = {name: shown_text(world.row(name)["hourly_rate_usd"]) for name in wanted}
    if not all(value in turns[-1].message.text for value in rate.values()):
        yield f"the message does not tell {rate}"


def _rates(asked: Mapping[str, Any], turns: Sequence[Turned], world: World) -> Iterator[str]:
    result = turns[-1].result(Rates)
    wanted = {world.taxonomy.find(skill) for skill in asked["skills"]}
    known = [
        row["hourly_rate_usd"]
        for row in world.people.values()
        if row["status"] == "listed"
        and row["hourly_rate_usd"]
        and wanted & {world.taxonomy.find(skill) for skill in row["skills"]}
        and ("country" not in asked or country_code(row["country"] or "") == asked["country"])
    ]
    if result is None or result.known != len(known):
        yield f"{len(known)} are known, not {result and result.known}"
    elif len(known) >= 5 and abs(result.median - statistics.median(known)) > 0.01:
        yield f"the median is {statistics.median(known)}, not {result.median}"


def _draft(asked: Mapping[str, Any], turns: Sequence[Turned], world: World) -> Iterator[str]:
    post: JobPost | None = turns[-1].result(JobPost)
    if post is None:
        yield "no draft"
        return
    listed = {world.taxonomy.find(skill) for skill in post.skills}
    for name, value in asked.items():
        if name == "says":
            fits = all(words in post.description for words in value)
        elif name == "skills":
            fits = {world.taxonomy.find(skill) for skill in value} <= listed
        else:
            fits = getattr(post, name) == value
        if not fits:
            yield f"the draft's {name} is not {value}"


def _says(words: Sequence[str], turns: Sequence[Turned], world: World) -> Iterator[str]:
    yield from (f"it does not say {each!r}" for each in words if each not in turns[-1].message.text)


def _explains(positions: Sequence[int], turns: Sequence[Turned], world: World) -> Iterator[str]:
    for position in positions:
        name = turns[-2].shortlist[position]
        about = [said for said in turns[-1].message.sentences if name in said.text]
        if not about or any(other in turns[-1].message.text for other in turns[-2].shortlist if other != name):
            yield f"it does not explain {name} alone"


def _cites(_: bool, turns: Sequence[Turned], world: World) -> Iterator[str]:
    """Exactly those of the shortlist who show it, each with a citation."""
    shortlist = turns[-2].shortlist
    cited = {cited.candidate_id for said in turns[-1].message.sentences for cited in said.citations}
    wanted = world.taxonomy.find("Google Ads")
    right = {
        name for name in shortlist if wanted in {world.taxonomy.find(skill) for skill in world.row(name)["skills"]}
    }
    if cited != right:
        yield f"{cited} are cited, not {right}"


def _declines(_: bool, turns: Sequence[Turned], world: World) -> Iterator[str]:
    if any(event.kind == "tool" for event in turns[-1].events):
        yield "it called a tool"


_CHECKS: Mapping[str, Callable[[Any, Sequence[Turned], World], Iterator[str]]] = {
    "shortlist": _shortlist,
    "relaxed": _relaxed,
    "freed": _freed,
    "cheaper": _cheaper,
    "dearer": _dearer,
    "more": _more,
    "widened": _widened,
    "compares": _compares,
    "rates": _rates,
    "draft": _draft,
    "says": _says,
    "explains": _explains,
    "cites": _cites,
    "declines": _declines,
}
