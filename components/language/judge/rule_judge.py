"""The deterministic judge: the rubric over what the taxonomy and the plan say."""

from collections.abc import Sequence

from components.language.judge.criteria import Sought
from components.language.judge.facts import FactsReader
from components.language.judge.pairs import Asking, Candidate, Judgement
from components.language.judge.rubric import grade_of
from components.language.understanding import Exchange


class RuleJudge:
    """Equal pairs get equal grades. A pair of which the query asks nothing is not judged."""

    name = "rules"

    def __init__(self, reader: FactsReader, exchange: Exchange) -> None:
        self._reader, self._exchange = reader, exchange

    def judge(self, asking: Asking, candidates: Sequence[Candidate]) -> list[Judgement | None]:
        sought = Sought.of(asking, self._reader, self._exchange)
        judged: list[Judgement | None] = []
        for candidate in candidates:
            findings = sought.findings(candidate)
            grade = grade_of(findings)
            judged.append(None if grade is None else Judgement(candidate.id, grade, findings))
        return judged
