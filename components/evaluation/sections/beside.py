"""What every ranker reaches by each kind of relevance, side by side."""

from collections.abc import Sequence

from components.evaluation.report.document import FigureTable, Section, show_interval

KINDS = ("True relevance", "Observed relevance", "Corrected relevance", "Randomised slice")
NOTE = (
    "Observed relevance favours what was shown on top; corrected for examination it does not, as far as examination is "
    "known; slates drawn at random favour nobody, and are few."
)


def beside_table(sections: Sequence[Section], metric: str) -> FigureTable | None:
    """A row a ranker, a column for each of KINDS that was measured; None where it is one alone."""
    measured = {
        section.title: {row.ranker: row.interval for row in section.measured if row.metric == metric}
        for section in sections
        if section.title in KINDS
    }
    if len(measured) < 2:
        return None
    rankers = dict.fromkeys(ranker for values in measured.values() for ranker in values)
    rows = tuple(
        (ranker, *(show_interval(values[ranker]) if ranker in values else None for values in measured.values()))
        for ranker in rankers
    )
    return FigureTable(f"{metric} by kind of relevance", ("ranker", *map(str.lower, measured)), rows, NOTE)
