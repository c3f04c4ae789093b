"""Judged slates as TREC files, and a bundle's run over judged pairs."""

from dataclasses import dataclass
from pathlib import Path

from components.evaluation.judged.audit import Bench
from components.evaluation.judged.bundle_run import bundle_run, trained_bundle
from components.evaluation.judged.cases import known_queries, pairs_of, sampled_queries, shown_pairs
from components.evaluation.judged.store import OF_JUDGE
from components.ranking_files import write_qrels, write_run
from components.ranking_files.trec import Judgements, Run
from metier.contract import Surface
from metier.errors import EmptyDataError, InputError
from metier.lake import Lake
from metier.settings import Settings


@dataclass(frozen=True)
class Exported:
    """What was written: judged pairs and the run's tag."""

    qrels: str
    run: str
    tag: str
    queries: int
    judgements: int

    def render(self) -> str:
        """Two lines."""
        return f"{self.qrels}: {self.judgements:,} grades of {self.queries:,} queries\n{self.run}: {self.tag}"


def export_judged(settings: Settings, surface: Surface, folder: Path, queries: int, seed: int) -> Exported:
    """Write SURFACE.qrels, the rule judge's grades of drawn logged slates, and SURFACE.run, the served bundle's order.

    EmptyDataError where the surface has no logged query, or no bundle is trained; InputError for a file as `folder`.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; name a folder, which is made where there is none")
    lake = Lake(settings.lake)
    as_of = settings.as_of or lake.as_of()
    drawn = sampled_queries(lake, surface, as_of, queries, seed)
    if not drawn:
        raise EmptyDataError(f"no slate of {surface} is logged; import impressions first")
    bundle = trained_bundle(settings, surface)
    pairs = shown_pairs(lake, as_of, drawn)
    grades: Judgements = {}
    for case, judgements in Bench.by_rules(settings, as_of).judged(surface, pairs):
        grades[case.query_id] = {each.id: judged.grade for each, judged in judgements if judged is not None}
    run = bundle_run(bundle, settings, as_of, pairs)
    folder.mkdir(parents=True, exist_ok=True)
    qrels_file, run_file = folder / f"{surface}.qrels", folder / f"{surface}.run"
    write_qrels(grades, qrels_file, OF_JUDGE)
    write_run(run, run_file, bundle.version)
    return Exported(str(qrels_file), str(run_file), bundle.version, len(grades), sum(map(len, grades.values())))


def run_of_judged(settings: Settings, surface: Surface, judgements: Judgements) -> tuple[Run, Judgements]:
    """(the served bundle's scores of the judged candidates, the judgements of the surface's queries).

    EmptyDataError where no judged query is of the surface.
    """
    lake = Lake(settings.lake)
    as_of = settings.as_of or lake.as_of()
    known = {query: judgements[query] for query in known_queries(lake, as_of, judgements, surface)}
    if not known:
        raise EmptyDataError(f"no judged query is of {surface}; name another --surface, or give a run")
    return bundle_run(trained_bundle(settings, surface), settings, as_of, pairs_of(known)), known
