"""Step: measure freshness, volume, nulls, drift and skew; write the report; stop the pipeline past a limit."""

from kfp import dsl

from components.step import step


@step()
def monitor_features(as_of: str, inputs_digest: str, new_reference: bool, page: dsl.Output[dsl.HTML]) -> str:
    """One line on what was found; ValidationError, once the report is written, when a finding is past its limit."""
    import shutil
    from datetime import datetime

    from components.monitoring.findings import require
    from components.monitoring.run import monitor, page_path
    from metier.settings import load_settings

    settings = load_settings()
    report = monitor(settings, datetime.fromisoformat(as_of), inputs_digest, new_reference=new_reference)
    shutil.copyfile(page_path(settings), page.path)
    print(f"metier: {report.render()}; see {page_path(settings)}")
    require(report.findings, str(page_path(settings)))
    return report.render()
