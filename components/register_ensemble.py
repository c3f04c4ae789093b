"""Step: register the bundle of every surface with its evaluation and decision; move aliases as the gate decided."""

from typing import List  # noqa: UP035 - kfp reads this spelling of a list of artifacts

from kfp import dsl

from components.step import step


@step()
def register_ensemble(
    evaluations: dsl.Input[List[dsl.Metrics]],  # noqa: UP006
    ensembles: dsl.Input[List[dsl.Model]],  # noqa: UP006
    choices: list,
    as_of: str,
    inputs_digest: str,
    verdicts: str,
) -> str:
    """What was registered, one line a surface."""
    from datetime import datetime
    from pathlib import Path

    from components.evaluation.promotion import register
    from metier.settings import load_settings

    folders = [
        (Path(evaluation.path), Path(ensemble.path))
        for evaluation, ensemble in zip(evaluations, ensembles, strict=True)
    ]
    settings = load_settings().allowing(choice["source"] for choice in choices)
    registered = register(folders, settings, datetime.fromisoformat(as_of), inputs_digest)
    summary = "; ".join(registration.render() for registration in registered)
    print(f"metier: {summary}")
    return summary
