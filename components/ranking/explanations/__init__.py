"""What features add to the score that ordered candidates: to a blend, or to one of its rankers alone."""

from components.ranking.explanations.blend import Contributions, Moved, contributions, reasons

__all__ = ["Contributions", "Moved", "contributions", "reasons"]
