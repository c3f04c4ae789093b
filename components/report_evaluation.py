"""Step: gather a run's evaluations into one report per surface, with the gate's decision."""

from typing import List  # noqa: UP035 - kfp reads this spelling of a list of artifacts

from kfp import dsl

from components.step import step


@step()
def report_evaluation(
    evaluations: dsl.Input[List[dsl.Metrics]],  # noqa: UP006
    report: dsl.Output[dsl.HTML],
) -> str:
    """Write the reports beside the artifacts and under METIER_HOME; returns the verdicts as text."""
    from datetime import UTC, datetime
    from pathlib import Path

    from components.evaluation.publish import publish
    from components.releases import open_registry
    from metier.settings import load_settings

    settings = load_settings()
    published = publish(
        [Path(part.path) for part in evaluations],
        settings.reports,
        Path(report.path),
        datetime.now(UTC),
        open_registry(settings),
    )
    print(f"metier: {published.render()}")
    return published.verdicts
