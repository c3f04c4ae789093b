"""`metier judge ...`: grade logged pairs by the rubric, audit the grades, and exchange judgements as TREC files."""

from pathlib import Path
from typing import Annotated, cast

import typer

from metier.cli.output import JsonOption, Report, print_report
from metier.contract import surface as surface_named
from metier.errors import InputError
from metier.settings import load_settings

app = typer.Typer(help="Judge relevance by a rubric, and audit the judge; see docs/judge.md.", no_args_is_help=True)

QueriesOption = Annotated[int, typer.Option("--queries", min=1, help="Logged queries of a surface to draw.")]
SeedOption = Annotated[int, typer.Option(help="Equal seeds draw equal queries.")]
QrelsOption = Annotated[
    Path | None, typer.Option("--qrels", help="Judgements to measure by; else those imported into METIER_HOME.")
]


@app.command("audit")
def audit(
    queries: QueriesOption = 500,
    seed: SeedOption = 0,
    model: Annotated[bool, typer.Option("--model", help="Audit the model at METIER_LLM_URL.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how far the judge agrees with people's judgements, else with a simulated world's truth, and keep it.

    Example: metier judge audit --queries 500
    """
    from components.evaluation.judged.audit import Bench
    from components.evaluation.judged.audit import audit as audited
    from components.evaluation.judged.store import write_agreement
    from components.language.models import open_model
    from metier.lake import Lake
    from metier.stored import as_json as json_of

    settings = load_settings()
    as_of = settings.as_of or Lake(settings.lake).as_of()
    if model:
        remote = open_model(settings)
        if remote is None:
            raise InputError("METIER_LLM_URL is not set; set it, or leave out --model to audit the rules")
        try:
            agreement = audited(Bench.by_model(remote, settings, as_of), settings, queries, seed)
        finally:
            remote.close()
    else:
        agreement = audited(Bench.by_rules(settings, as_of), settings, queries, seed)
        write_agreement(agreement, settings.judgements)
    print(json_of(agreement) if as_json else agreement.render())


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Folder for SURFACE.qrels and SURFACE.run.")],
    surface: Annotated[str, typer.Option(help="talent_search, job_feed or applicant_review.")] = "talent_search",
    queries: QueriesOption = 100,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Write the judge's grades of logged slates as qrels, and the order of the bundle that is served as a run.

    Example: metier judge export judged --surface job_feed
    """
    from components.evaluation.judged.export import export_judged

    print_report(export_judged(load_settings(), surface_named(surface), folder, queries, seed), as_json)


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="Lines of `query_id 0 candidate_id grade`, grades 0 to 4 (below: 0); may be gzip.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Take people's own judgements of logged pairs into METIER_HOME; audits are held against them from then on.

    Example: metier judge import ours.qrels
    """
    from components.evaluation.judged.store import import_judgements
    from metier.lake import Lake

    settings = load_settings()
    print_report(import_judgements(file, settings.judgements, Lake(settings.lake)), as_json)


@app.command("evaluate")
def evaluate(
    run: Annotated[
        Path | None, typer.Argument(help="A TREC run; without one the bundle that is served is measured.")
    ] = None,
    qrels: QrelsOption = None,
    against: Annotated[Path | None, typer.Option("--against", help="Another run of the same queries.")] = None,
    surface: Annotated[str, typer.Option(help="Whose bundle is measured where no run is given.")] = "talent_search",
    as_json: JsonOption = False,
) -> None:
    """Measure a run, or a bundle on the judged pairs, by judgements: NDCG, MRR and recall with intervals.

    Example: metier judge evaluate ours.run --qrels ours.qrels
    """
    from components.evaluation.judged.export import run_of_judged
    from components.evaluation.judged.runs import compare
    from components.evaluation.judged.store import people
    from components.ranking_files import read_qrels, read_run
    from metier.errors import EmptyDataError

    settings = load_settings()
    judgements = read_qrels(qrels) if qrels else people(settings.judgements)
    if not judgements:
        raise EmptyDataError("no judgements here; give --qrels FILE, or import some: metier judge import FILE")
    if run is None:
        ranked, judgements = run_of_judged(settings, surface_named(surface), judgements)
    else:
        ranked = read_run(run)
    measured = compare(ranked, judgements, read_run(against) if against else None)
    print_report(cast(Report, measured), as_json)
