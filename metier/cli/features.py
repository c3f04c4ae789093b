"""`metier features`: build the offline feature tables, and put values back into the online store."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from metier.cli.output import JsonOption, print_report
from metier.errors import InputError
from metier.settings import load_settings

app = typer.Typer(help="Build the offline feature tables; restore values of the online store.", no_args_is_help=True)


@app.callback()
def features() -> None:
    """Build the offline feature tables; restore values of the online store."""


@app.command("build")
def build(
    since: Annotated[
        datetime | None,
        typer.Option("--from", help="First day to build again, UTC.", formats=["%Y-%m-%d"]),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the feature tables up to the lake's clock: days that changed, and with --from all days from then on.

    Example: metier features build --from 2026-02-01
    """
    from feature_repo.build.feature_tables import build_all
    from feature_repo.texts import Encoder
    from metier.lake import Lake
    from pipelines.local import run_clock

    settings = load_settings()
    lake = Lake(settings.lake)
    as_of, first_day = run_clock("features", settings, lake), since and since.replace(tzinfo=UTC)
    if first_day is not None and first_day > as_of:
        raise InputError(
            f"--from {first_day:%Y-%m-%d} is after the lake's clock, {as_of:%Y-%m-%d}; give an earlier day"
        )
    report = build_all(lake, settings, as_of, Encoder.load(), first_day)
    print_report(report, as_json)


@app.command("restore")
def restore(
    view: Annotated[str, typer.Argument(help="Feature view, such as freelancer_profile.")],
    keys: Annotated[list[str], typer.Argument(help="Ids whose values are to be put back.")],
) -> None:
    """Put back what the offline table holds of some keys, whatever was pushed into the online store since.

    What came since the last build, by PUT or push, is gone from these keys until the next one.

    Example: metier features restore freelancer_profile fr_000030
    """
    from feature_repo.client import FeatureStoreClient
    from feature_repo.online import restoring

    restored = restoring.restore(FeatureStoreClient(load_settings()), view, keys, datetime.now(UTC))
    absent = [key for key in keys if key not in restored]
    print(f"restored {len(restored):,} of {len(keys):,} keys of {view}")
    if absent:
        print(f"now without values, since the offline table has none: {', '.join(absent)}")
