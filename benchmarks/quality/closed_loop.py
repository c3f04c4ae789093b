"""Whether the demo's market closes its loop: who serves after one training run, on what evidence, and what it is worth.

    python benchmarks/quality/closed_loop.py [--out FILE]

METIER_HOME is one in which the training pipeline ran over a simulated world. By surface: the verdict, what it was
decided on, whether the bundle serves, and the true NDCG@10 of the ensemble minus that of what served before
(retrieval; the order of arrival of a review), paired over the held-out queries. Where nothing was promoted the one
before goes on, and the difference that traffic sees is zero.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from components.evaluation.report import EvaluationReport
from components.evaluation.report.history import newest_reports
from components.releases import open_registry
from components.releases.deployments import chosen_bundles
from metier.durable import write_whole
from metier.settings import load_settings

TRUE, BEFORE = "True relevance", ("retrieval", "arrival")
WORST = -0.005
"""What the lower bound of a promoted bundle's true difference may be."""


def main() -> None:
    """Read the reports and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    settings = load_settings()
    serving = chosen_bundles(settings, open_registry(settings))
    figures = {
        report.surface: outcome(report, report.surface in serving) for report, _ in newest_reports(settings.reports)
    }
    text = json.dumps(figures, indent=1)
    print(text)
    if arguments.out:
        write_whole(arguments.out, text)


def outcome(report: EvaluationReport, serves: bool) -> dict[str, Any]:
    """What came of a surface."""
    decision = report.decision
    (true,) = [
        pair.interval
        for section in report.sections
        if section.title == TRUE
        for pair in section.compared
        if pair.ranker == "ensemble" and pair.against in BEFORE
    ]
    return {
        "verdict": decision.verdict if decision else None,
        "estimand": decision.estimand if decision else None,
        "why": decision.reasons[-1] if decision else None,
        "bundle serves": serves,
        "true difference": {"value": true.value, "low": true.low, "high": true.high, "queries": true.n},
        "kept its promise": not serves or true.low >= WORST,
    }


if __name__ == "__main__":
    main()
