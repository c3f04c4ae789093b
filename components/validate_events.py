"""Step: check the lake against its expectations; publish Data Docs; stop the pipeline where they fail."""

from kfp import dsl

from components.step import step


@step()
def validate_events(as_of: str, inputs_digest: str, docs: dsl.Output[dsl.HTML]) -> str:
    """Readable summary of the verdict; ValidationError when a blocking expectation fails."""
    from datetime import datetime
    from pathlib import Path

    from components.validation.expectations import require, validate
    from metier.lake import Lake
    from metier.settings import load_settings

    verdict = validate(Lake(load_settings().lake), datetime.fromisoformat(as_of), Path(docs.path))
    print(f"metier: {verdict.render()}")
    docs.metadata["passed"] = verdict.passed
    require(verdict)
    return verdict.render()
