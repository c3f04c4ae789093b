"""The walk of the demo, from nothing to slates, feedback, a second training run and one screen of what came of it."""

import time
from typing import Annotated

import typer

from metier.cli import importing, simulate
from metier.cli import lake as lake_commands
from metier.cli import pipeline as pipelines
from metier.cli.demo.own_endpoint import Slate, ask_for_slate, endpoint, request_bodies, send_clicks, start
from metier.cli.demo.screen import Loop, screen
from metier.contract import SURFACES, Surface
from metier.lake import Lake
from metier.settings import Settings, load_settings

FREELANCERS, JOBS, IMPRESSIONS = 500, 350, 120_000
RANDOMISED_SHARE, CLICK_MODEL = 0.9, "position"
"""Of the simulated slates, how many are shuffled, and how people click: more than a marketplace could afford and less
noise than it has, so that the held-out days of a small one tell whether its rankers are better than retrieval."""
ACTORS = 20
"""Actors asked on each surface."""
AGAIN: Surface = "job_feed"
"""The surface of the second training run, and of the slate to judge."""
REASONS = 3
"""Entries of the slate to judge that come with reasons."""
PLAN = """\
A marketplace is simulated, rankers are trained and served, slates are asked for and clicked, and what was served comes
back into a second training run. About five minutes on two cores; everything is written to {home}."""


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the endpoint up at the end.")] = False,
) -> None:
    """Simulate a marketplace (once), train, serve, ask, send feedback, train again, and print what it is all worth.

    About five minutes on two cores.

    Example: METIER_HOME=/tmp/metier metier demo --keep
    """
    from components.evaluation.report.history import newest_reports

    settings, started = load_settings(), time.monotonic()
    print(PLAN.format(home=settings.home))
    lake = Lake(settings.lake)
    _simulate_once(lake)
    _say("2. Training: features, rankers, evaluation, gate, bundles, candidates")
    pipelines.run("training", quiet=True)
    first = [report for report, _ in newest_reports(settings.reports)]
    before, served = (lake.counts(), lake.as_of()), _served(settings)
    slates = _serve_and_ask(settings, lake)
    _say("6. Bringing served slates and feedback back into the lake")
    importing.import_events()
    lake_commands.replay(most=1000)
    _say(f"7. Training again, {AGAIN}: the gate compares with what is champion now")
    pipelines.run("training", surface=[AGAIN], quiet=True)
    again = next(report for report, _ in newest_reports(settings.reports) if report.surface == AGAIN)
    example = next(slate for slate in slates if slate["surface"] == AGAIN)
    loop = Loop(
        *before, lake.counts(), lake.as_of(),
        reports=first, again=again, served=served, seconds=time.monotonic() - started,
    )  # fmt: skip
    print()
    print("\n".join(screen(settings, lake, loop, example)))
    if keep:
        process, url = start(settings)
        print(f"Left up at {url}; stop it with: kill {process.pid}")


def _simulate_once(lake: Lake) -> None:
    if any(lake.counts().values()):
        print(f"The lake at {lake.url} already holds events: training on them.")
        return
    _say(f"1. Simulating a marketplace of {FREELANCERS:,} freelancers and {JOBS:,} jobs")
    simulate.simulate(FREELANCERS, JOBS, IMPRESSIONS, randomised_share=RANDOMISED_SHARE, click_model=CLICK_MODEL)


def _served(settings: Settings) -> dict[Surface, str]:
    """By surface, the bundle that `metier serve` takes and as what, or why retrieval orders."""
    from components.releases import open_registry
    from components.releases.aliases import why_unranked
    from components.releases.deployments import chosen_bundles

    registry = open_registry(settings)
    said = {name: why_unranked(registry, name).removeprefix(f"{name}: ") for name in SURFACES}
    chosen = chosen_bundles(settings, registry)
    return said | {
        name: f"{served.bundle.name} version {served.bundle.version}, {served.alias}" for name, served in chosen.items()
    }


def _serve_and_ask(settings: Settings, lake: Lake) -> list[Slate]:
    """Slates of some actors of each surface, the first entries of each clicked."""
    _say("3. Serving")
    key = settings.api_key.get_secret_value()
    with endpoint(settings) as url:
        _say("4. Asking for talent, for jobs, and for the order of applicants")
        slates = [slate for name in SURFACES for slate in _ask(url, lake, name, key)]
        _say("5. Sending feedback")
        accepted = sum(send_clicks(url, slate, key) for slate in slates)
        print(f"{len(slates)} slates served, {accepted} clicks acknowledged")
    return slates


def _ask(url: str, lake: Lake, name: Surface, key: str) -> list[Slate]:
    bodies = [{**body, "explain": REASONS} for body in request_bodies(lake, name, ACTORS)]
    slates = [ask_for_slate(url, name, body, key) for body in bodies]
    tiers = ", ".join(sorted({slate["tier"] for slate in slates}))
    count = sum(len(slate["slate"]) for slate in slates)
    print(f"  {name:18}{len(slates):>3} slates, {count:>4} candidates shown, tier {tiers}", flush=True)
    return slates


def _say(what: str) -> None:
    print(f"\n== {what}", flush=True)
