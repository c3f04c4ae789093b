"""`metier simulate`: a world of people and jobs into the lake."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from metier.errors import InputError
from metier.lake import Lake
from metier.lake.imports import list_imports, recording
from metier.settings import Settings, load_settings

if TYPE_CHECKING:
    from components.simulator import SimulatorConfig

from metier.cli.output import JsonOption

LATER = ("randomised_share",)


def simulate(
    freelancers: Annotated[int, typer.Option(help="People in the world.")] = 1500,
    jobs: Annotated[int, typer.Option(help="Jobs posted.")] = 1000,
    impressions: Annotated[int, typer.Option(help="About how many impressions are logged.")] = 100_000,
    *,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal bytes.")] = 7,
    end: Annotated[datetime, typer.Option(help="Last day of the world, UTC.")] = datetime(2026, 3, 1),
    click_model: Annotated[str, typer.Option(help="position, position_trust or cascade.")] = "position_trust",
    logging_policy: Annotated[str, typer.Option(help="weak or strong.")] = "weak",
    randomised_share: Annotated[float, typer.Option(help="Of the slates, how many are shuffled whole.")] = 0.02,
    as_json: JsonOption = False,
) -> None:
    """Simulate a two-sided marketplace into the lake, with its truth beside it; the same one may be repeated.

    A lake that holds another world, or an import, is refused.

    Example: metier simulate --freelancers 5000 --jobs 3000 --impressions 1000000
    """
    from rich.console import Console
    from rich.progress import Progress

    from components.simulator import SimulatorConfig, render
    from components.simulator import simulate as run

    settings = load_settings()
    config = SimulatorConfig(
        seed=seed,
        freelancers=freelancers,
        jobs=jobs,
        impressions=impressions,
        end=end.replace(tzinfo=UTC),
        click_model=click_model,
        logging_policy=logging_policy,
        randomised_share=randomised_share,
    )
    source = _world_source(config)
    _require_same_world(settings, config, source)
    with (
        recording(settings.lake, source) as lake,
        Progress(console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("simulating", total=1.0)
        summary = run(
            config,
            lambda name, rows: lake.append(name, rows),
            settings.truth,
            lambda share, what: bar.update(task, completed=share, description=what),
        )
    print(json.dumps(asdict(summary)) if as_json else render(summary))


def _world_source(config: "SimulatorConfig") -> str:
    """The world as `metier lake imports` names it: worlds of one name are equal.

    LATER options are named where they are not at their default, so that worlds keep the name they had before.
    """
    unsaid = {name: field.default for name, field in type(config).__dataclass_fields__.items() if name in LATER}
    options = {name: value for name, value in asdict(config).items() if value is not None and unsaid.get(name) != value}
    return " ".join(["simulate", *(f"--{name.replace('_', '-')} {value}" for name, value in options.items())])


def _require_same_world(settings: Settings, config: "SimulatorConfig", source: str) -> None:
    """InputError where the lake holds another world, or an import, and not this world."""
    from components.simulator import stored_config

    lake, stored = Lake(settings.lake), stored_config(settings.truth)
    imports = list_imports(lake)
    same = {source} | ({f"simulate --seed {config.seed}"} if stored == config else set())
    present = [entry for entry in imports if entry.state != "undone"]
    if present and not any(entry.source in same for entry in present):
        raise InputError(
            f"the lake at {lake.url} holds `{present[-1].source}`, and this world would mix with it; "
            f"choose another METIER_HOME, or `metier lake undo {present[-1].id}` first"
        )
    if not imports and stored not in (None, config) and any(lake.counts().values()):
        raise InputError(
            f"the lake at {lake.url} holds another simulated world ({settings.truth}/world.json); "
            "choose another METIER_HOME"
        )
