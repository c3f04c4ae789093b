"""The last screen of the demo: what was built, who serves what and why, one slate to judge, where to look next.

Reads reports and the lake; trains, serves and measures nothing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from metier.cli.demo.own_endpoint import Slate
from metier.cli.endpoint import candidate_titles, titles
from metier.contract import Surface, surface
from metier.lake import Lake
from metier.settings import Settings
from metier.surfaces import surface_spec

if TYPE_CHECKING:
    from components.evaluation.report import EvaluationReport
    from components.evaluation.report.document import Compared

SLATE_ROWS = 5
"""Entries of the slate to judge."""
SLATE_REASONS = 2
"""Features named as reasons of each."""
GAP = "gap between parts, days"
"""Fact of a report: days that an impression must age before its outcomes count."""
ENSEMBLE = "ensemble"


@dataclass(frozen=True)
class Loop:
    """The walk in figures: the lake's rows and clock at each training run, the reports, and how long it took."""

    rows_before: dict[str, int]
    clock_before: datetime
    rows_after: dict[str, int]
    clock_after: datetime
    reports: Sequence["EvaluationReport"]
    again: "EvaluationReport"
    """Report of the second training run."""
    served: Mapping[Surface, str]
    """By surface, the bundle that was served, and as what."""
    seconds: float


def screen(settings: Settings, lake: Lake, loop: Loop, slate: Slate) -> Iterator[str]:
    """The lines."""
    minutes, seconds = divmod(round(loop.seconds), 60)
    yield f"== What was built, in {minutes} min {seconds:02} s"
    yield from _built(settings, loop)
    yield "\n== Who serves what, and why"
    yield from _served(loop)
    yield _explored(lake, loop)
    yield f"\n== The second training run, {loop.again.surface}"
    yield from _second_run(lake, loop)
    yield "\n== One slate to judge"
    yield from _slate_lines(lake, slate)
    yield "\n== Where to look next"
    yield from _next(settings, loop.again.surface)


def _built(settings: Settings, loop: Loop) -> Iterator[str]:
    growth = ", ".join(
        f"{loop.rows_before[name]:,} -> {loop.rows_after[name]:,} {name}"
        for name in ("queries", "impressions", "interactions")
    )
    yield f"lake        {growth} ({settings.lake})"
    yield f"features    as known at {loop.clock_after:%Y-%m-%d %H:%M:%S} UTC, offline and online ({settings.features})"
    yield f"rankers     XGBoost and neural, blended and calibrated, one bundle a surface ({settings.bundles})"


def _served(loop: Loop) -> Iterator[str]:
    from components.evaluation.report.document import reading_of, show_difference

    for report in loop.reports:
        verdict = report.decision.verdict if report.decision else "nothing"
        yield f"{report.surface:17} {loop.served.get(surface(report.surface), 'not served')}; the gate said {verdict}"
        for line in _why(report):
            yield f"{'':17}   {line}"
        worst = min(_comparisons(report), key=lambda pair: pair.interval.value, default=None)
        if worst is not None:
            difference = f"{worst.metric} {show_difference(worst.interval)}"
            yield f"{'':17}   its worst comparison: {difference} against {worst.against}, {reading_of(worst.interval)}"


def _explored(lake: Lake, loop: Loop) -> str:
    """What of the slates that were served was drawn at random."""
    with lake.connect() as connection:
        ((served, shuffled, drawn),) = connection.sql(
            """
            SELECT count(*), count(*) FILTER (variant = 'shuffled'), count(*) FILTER (query_id IN (
                SELECT query_id FROM impressions WHERE placement = 'exploration'
            ))
            FROM queries WHERE event_timestamp > $since
            """,
            params={"since": loop.clock_before},
        ).fetchall()
    return (
        f"exploration       of {served:,} slates served just now {shuffled:,} were shuffled, {drawn:,} gave a rank to "
        "a candidate who was shown little"
    )


def _why(report: "EvaluationReport") -> Iterator[str]:
    """The last piece of evidence with what it was compared with, and what the gate concludes."""
    if report.decision is not None:
        *_, evidence, conclusion = ("no evidence", *report.decision.reasons)
        yield f"{evidence} against {report.decision.lineage.get('compared_with', 'the baseline')}"
        yield conclusion
        if report.decision.next_move:
            yield f"next: {report.decision.next_move}"


def _comparisons(report: "EvaluationReport") -> list["Compared"]:
    """The ensemble against what else could be served, on logged outcomes."""
    return [
        pair
        for section in report.sections
        if section.title.startswith("Observed")
        for pair in section.compared
        if pair.ranker == ENSEMBLE and not math.isnan(pair.interval.value)
    ]


def _second_run(lake: Lake, loop: Loop) -> Iterator[str]:
    if loop.again.decision is not None:
        yield f"the gate said {loop.again.decision.verdict}: {next(_why(loop.again))}"
    days = float(loop.again.facts.get(GAP) or 0)
    mature = [
        _mature(lake, loop.again.surface, clock, timedelta(days=days))
        for clock in (loop.clock_before, loop.clock_after)
    ]
    yield f"{mature[0]:,} -> {mature[1]:,} impressions are {days:g} days old, by when outcomes have come in"
    fresh = loop.rows_after["impressions"] - loop.rows_before["impressions"]
    if mature[0] == mature[1]:
        yield f"so both runs learned from the same rows; the {fresh:,} impressions served just now count once they are"


def _mature(lake: Lake, surface_name: str, clock: datetime, age: timedelta) -> int:
    """Impressions of a surface that were known at `clock` and `age` old by then."""
    with lake.connect(clock) as connection:
        counted = connection.sql(
            "SELECT count(*) FROM impressions JOIN queries USING (query_id) "
            "WHERE surface = $surface AND impressions.event_timestamp <= $latest",
            params={"surface": surface_name, "latest": clock - age},
        ).fetchall()
    return int(counted[0][0])


def _slate_lines(lake: Lake, slate: Slate) -> Iterator[str]:
    spec, request = surface_spec(surface(slate["surface"])), slate["request"]
    if spec.shows_jobs:
        freelancer = titles(lake, "freelancers", "freelancer_id", [request["actor_id"]]).get(request["actor_id"], "?")
        yield f"jobs for the freelancer {request['actor_id']}, “{freelancer}” (score, title, what adds most)"
    else:
        job = titles(lake, "jobs", "job_id", [request["job_id"]]).get(request["job_id"], "?")
        yield f"people for the job {request['job_id']}, “{job}” (score, title, what adds most)"
    title_by_id = candidate_titles(lake, slate)
    for entry in slate["slate"][:SLATE_ROWS]:
        adds = (entry.get("reasons") or ())[:SLATE_REASONS]
        reasons = ", ".join(f"{reason['feature']} {reason['adds']:+.2f}" for reason in adds)
        title = title_by_id.get(entry["candidate_id"], entry["candidate_id"])
        yield f"  {entry['rank']}  {entry['score']:.3f}  {title}" + (f"  ({reasons})" if reasons else "")


def _next(settings: Settings, name: str) -> Iterator[str]:
    yield f"the whole report    {settings.reports / name / 'evaluation.html'}, or `metier report --full`"
    yield "every run           `metier report --history`"
    yield "ask it yourself     `metier serve --as-of lake`, then its /docs, or `metier rank`"
    yield "your own events     `metier import contract FOLDER`; README.md, “Bring your own data”"
    yield "this machine        `metier doctor`; every setting: docs/settings.md"
