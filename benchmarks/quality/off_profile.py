"""Texts of other trades: whether the ensemble shows what was asked for, or what its actor usually sees.

    python benchmarks/quality/off_profile.py [--home HOME] [--alias NAME] [--people 12] [--seed 0] [--out FILE]

HOME holds a simulated world and bundles trained on it, of which those of the alias are measured: champion or
challenger, by default what `metier serve` serves. Freelancers type texts of other trades and of their own into the
feed, and clients look for people, with limits and without. What counts is the share of the first five in the category
that the text names, by the world's truth, of the ensemble's slates and of retrieval's alone, both with the same
eligibility. `kept` is the share of an off-profile slate that the same freelancer's usual feed shows too.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.progress import track

from components.language.taxonomy import taxonomy_of
from components.language.understanding import Grammar, shipped_exchange
from components.measures import mean_interval
from components.releases import Bundle, RegisteredBundle, Registry, open_registry
from components.releases.aliases import aliased_bundles, trained_bundles
from components.releases.candidate_release import read_release
from components.releases.folder import newest_version
from components.releases.unranked import Unranked
from feature_repo.hydrate import Reads
from feature_repo.online.rows import OnlineRows
from metier.contract import Surface
from metier.lake import Lake
from metier.settings import Settings
from metier.stored import as_plain
from serving.candidates.snapshot import ReleaseSnapshot
from serving.candidates.space import CandidateSpace
from serving.candidates.suggestions import used_by
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace
from serving.request.understanding import TextPlans
from serving.stages import Stages

FIRST = 5
TEXTS_EACH, FEWEST_INTERACTIONS = 5, 5
PATIENT_MS = 60_000.0
TEXTS = {
    "Web Development": ("react frontend work", "django backend api", "wordpress site from scratch"),
    "Mobile Development": ("swift ios app", "kotlin android", "flutter developer"),
    "Data Science": ("machine learning with pytorch", "sql and tableau dashboards", "nlp engineer"),
    "Cloud and Infrastructure": ("kubernetes and terraform", "aws cloud engineer", "postgres database administrator"),
    "Graphic Design": ("logo design", "children's book illustrator", "photoshop retouching"),
    "Product Design": ("figma ui design", "ux research and usability testing", "solidworks cad"),
    "Video and Animation": ("youtube video editing", "after effects motion graphics", "blender 3d artist"),
    "Writing": ("copywriting for landing pages", "technical writer api docs", "proofreading and editing"),
    "Translation": ("french translation", "legal translator", "subtitles and captions"),
    "Marketing": ("seo specialist", "google ads campaigns", "social media manager"),
    "Sales and Support": ("customer support zendesk", "lead generation cold calling", "virtual assistant data entry"),
    "Finance and Accounting": ("bookkeeping in quickbooks", "tax returns", "financial modelling"),
    "Legal and People": ("contract drafting lawyer", "gdpr privacy policy", "recruiter sourcing candidates"),
    "Engineering and Architecture": ("autocad floor plans", "pcb design and arduino", "interior designer"),
}
"""By category of the simulated world, what somebody might type."""
TALENT = (
    ("react developer", "Web Development"),
    ("senior react developer under $60/h", "Web Development"),
    ("django backend api, english speaking", "Web Development"),
    ("ios app in swift", "Mobile Development"),
    ("machine learning engineer, max $80 per hour", "Data Science"),
    ("k8s and terraform", "Cloud and Infrastructure"),
    ("logo designer, no photoshop", "Graphic Design"),
    ("figma ui designer", "Product Design"),
    ("video editor premiere", "Video and Animation"),
    ("technical writer for api docs", "Writing"),
    ("german translation", "Translation"),
    ("seo specialist in the united states", "Marketing"),
    ("google ads ppc", "Marketing"),
    ("customer support with zendesk", "Sales and Support"),
    ("bookkeeper quickbooks", "Finance and Accounting"),
    ("contract lawyer", "Legal and People"),
    ("revit architect", "Engineering and Architecture"),
)
"""(what a client types, category of the people that it means)."""


@dataclass(frozen=True)
class Case:
    """One search: of which kind, by whom, and which category its slate should show."""

    kind: str
    actor_id: str
    text: str | None
    category: str


class Served:
    """A surface as its bundle orders it and as retrieval does alone, and the true category of each candidate."""

    def __init__(self, settings: Settings, surface: Surface, key: str, alias: str | None) -> None:
        registry = open_registry(settings)
        pin = _bundle(registry, surface, alias)
        bundle = Bundle.load(registry.fetch(pin.name, pin.version, pin.sha256), pin.sha256)
        folder = settings.candidates / bundle.version
        snapshot = ReleaseSnapshot(read_release(folder, newest_version(folder) or "", bundle.encoder))
        space = CandidateSpace(snapshot, (), snapshot.release.retriever, snapshot.release.candidates.vectors)
        online = OnlineRows(settings, settings.online_timeout_seconds)
        reads = Reads(online.table, online.row)
        taxonomy = taxonomy_of(settings.taxonomy, used_by([snapshot]).skills)
        self._plans = TextPlans(Grammar(taxonomy), taxonomy, shipped_exchange())
        self.surface, self.bundle = surface, bundle.version
        self._now: datetime = Lake(settings.lake).as_of()
        self._stages = {"ensemble": Stages(bundle, space, reads), "retrieval": Stages(Unranked(surface), space, reads)}
        truth = pq.read_table(settings.truth / f"{key}s.parquet", columns=[f"{key}_id", "category"])
        self._categories = dict(zip(*(column.to_pylist() for column in truth.columns), strict=True))

    def first(self, case: Case, order: str) -> list[str]:
        """The first five for a search; RuntimeError where another tier than `order` gave them."""
        return self.slate(RankingRequest(self.surface, case.actor_id, FIRST, text=case.text), order)

    def slate(self, request: RankingRequest, order: str) -> list[str]:
        """Ids of a slate, the best first; RuntimeError where another tier than `order` gave them."""
        trace, stages = RequestTrace(PATIENT_MS), self._stages[order]
        read = self._plans.read(request, trace, self._now, stages.bundle.reader)
        slate = stages.answer(read, trace, self._now)
        if slate.entries and slate.tier != order:
            raise RuntimeError(f"{request} was ordered by {slate.tier}")
        return [entry.candidate_id for entry in slate.entries]

    def eligible(self, request: RankingRequest) -> list[str]:
        """Ids of those who may be shown for a request, whatever its text says."""
        space = self._stages["ensemble"].candidates
        return list(space.ids_at(np.flatnonzero(space.eligibility(request).mask)))

    def share(self, ids: list[str], category: str) -> float:
        """Share of the candidates that are of the category; NaN of none."""
        return float(np.mean([self._categories[one] == category for one in ids])) if ids else float("nan")


def _bundle(registry: Registry, surface: Surface, alias: str | None) -> RegisteredBundle:
    """The bundle of an alias, or the one that is served; KeyError where there is none."""
    if alias is None:
        return trained_bundles(registry)[surface].bundle
    return {(each.surface, each.alias): each.bundle for each in aliased_bundles(registry)}[surface, alias]


def main() -> int:
    arguments = _arguments()
    settings = Settings(home=arguments.home)
    feed = Served(settings, "job_feed", "job", arguments.alias)
    talent = Served(settings, "talent_search", "freelancer", arguments.alias)
    rows = [_measured(feed, case) for case in track(list(_feed_cases(settings, arguments)), description="feed")]
    rows += [_measured(talent, case) for case in track(list(_talent_cases(settings)), description="talent")]
    result = {"bundles": {served.surface: served.bundle for served in (feed, talent)}, "figures": _figures(rows)}
    print(json.dumps(result, indent=1))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({**result, "searches": rows}, indent=1))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=lambda text: Path(text).absolute(), default=Settings().home)
    parser.add_argument("--alias", choices=("champion", "challenger"))
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    arguments.out = arguments.out or arguments.home / "reports" / "benchmarks" / "off_profile.json"
    return arguments


def _feed_cases(settings: Settings, arguments: argparse.Namespace) -> Iterator[Case]:
    """Of each freelancer: the feed without a text, texts of the own trade, and texts of five others."""
    rng = np.random.default_rng(arguments.seed)
    categories = dict(zip(*_truth(settings, "freelancer", "category"), strict=True))
    active = _active(settings)
    for actor in rng.choice(active, min(arguments.people, len(active)), replace=False).tolist():
        own = categories[actor]
        yield Case("feed", actor, None, own)
        for text in TEXTS[own]:
            yield Case("feed, own trade", actor, text, own)
        for other in rng.choice([name for name in TEXTS if name != own], TEXTS_EACH, replace=False).tolist():
            yield Case("feed, other trade", actor, TEXTS[other][int(rng.integers(len(TEXTS[other])))], other)


def _talent_cases(settings: Settings) -> Iterator[Case]:
    """Clients who were active, one a text."""
    lake = Lake(settings.lake)
    clients = sorted(set(lake.read("queries").filter(pc.field("surface") == "talent_search")["actor_id"].to_pylist()))
    for number, (text, category) in enumerate(TALENT):
        yield Case("talent", clients[number * len(clients) // len(TALENT)], text, category)


def _measured(served: Served, case: Case) -> dict[str, Any]:
    first = {order: served.first(case, order) for order in ("ensemble", "retrieval")}
    shares = {order: served.share(ids, case.category) for order, ids in first.items()}
    usual = set(served.first(replace(case, text=None), "ensemble")) if case.kind == "feed, other trade" else set()
    kept = len(usual & set(first["ensemble"])) / FIRST if usual else float("nan")
    return {"kind": case.kind, "actor": case.actor_id, "text": case.text, "category": case.category, **shares,
            "gain": shares["ensemble"] - shares["retrieval"], "kept": kept}  # fmt: skip


def _figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """By kind of search, means with intervals over actors."""
    figures: dict[str, Any] = {}
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = [row for row in rows if row["kind"] == kind]
        actors = [row["actor"] for row in own]
        figures[kind] = {name: as_plain(mean_interval([row[name] for row in own], actors))
                         for name in ("ensemble", "retrieval", "gain", "kept")
                         if not all(np.isnan(row[name]) for row in own)}  # fmt: skip
    return figures


def _truth(settings: Settings, key: str, column: str) -> tuple[list[Any], list[Any]]:
    truth = pq.read_table(settings.truth / f"{key}s.parquet", columns=[f"{key}_id", column])
    return truth[f"{key}_id"].to_pylist(), truth[column].to_pylist()


def _active(settings: Settings) -> list[str]:
    """Freelancers who turned to some jobs themselves: those who have habits."""
    acts = Lake(settings.lake).read("interactions").filter(pc.field("side") == "freelancer")
    counts = acts.group_by("freelancer_id").aggregate([([], "count_all")])
    return sorted(counts.filter(pc.field("count_all") >= FEWEST_INTERACTIONS)["freelancer_id"].to_pylist())


if __name__ == "__main__":
    raise SystemExit(main())
