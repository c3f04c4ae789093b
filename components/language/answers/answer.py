"""Answers to questions about candidates: evidence or no answer.

Candidates come ranked, the best first; nothing here changes their order or looks for others. Without a model the
answer is the evidence itself; with one it is what the model makes of it, as far as the evidence supports that. Knows
neither retrieval nor HTTP.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

from components.language.answers.asked import Asked
from components.language.answers.evidence import Embed, Evidence, Mentions, evidence_of, is_enough, nearest
from components.language.answers.rephrased import rephrased
from components.language.answers.shown import Shown, Terms
from components.language.answers.told import Statement, told
from components.language.models.chat import ChatModel
from metier.contract import Surface
from metier.errors import ModelError

LOG = logging.getLogger(__name__)
MOST_CHARACTERS = 1_000_000
"""Of texts that one question looks at: some 500 candidates, fewer where profiles are as long as books."""


@dataclass(frozen=True)
class Answer:
    """Statements, best candidate first; none where there is no evidence. `missing`: what nobody showed."""

    statements: tuple[Statement, ...]
    missing: tuple[str, ...] = ()
    reason: str | None = None
    """Why there is no answer."""
    looked_at: int = 0
    """Candidates whose texts were searched."""
    by_model: bool = False
    degraded: str | None = None
    """What the model failed by, where it was asked in vain."""

    @property
    def text(self) -> str:
        return " ".join(statement.text for statement in self.statements)


def extracted(
    question: str,
    asked: Asked,
    candidates: Iterable[Shown],
    surface: Surface,
    *,
    most: int,
    embed: Embed,
    mentions: Mentions,
) -> Answer:
    """The answer that the texts of the candidates give by themselves, about `most` of them.

    Those who show it in the question's own words come before those who show another name of a skill. Where each of
    those that are named is asked about, all have to show it. `mentions` are the skills that a text names.
    """
    if asked.refusal is not None:
        return Answer((), reason=asked.refusal)
    missing = dict.fromkeys(requirement.text for requirement in asked.required)
    literal, others, looked_at, characters = list[Evidence](), list[Evidence](), 0, 0
    for shown in candidates:
        looked_at, characters = looked_at + 1, characters + sum(map(len, shown.texts.values()))
        evidence = evidence_of(asked, shown, mentions)
        for requirement, units in zip(asked.required, evidence.found, strict=True):
            if units:
                missing.pop(requirement.text, None)
        if is_enough(asked, evidence):
            (literal if evidence.is_literal else others).append(evidence)
        if len(literal) == most or characters > MOST_CHARACTERS:
            break
    enough = [*literal, *others][:most]
    lacking = {*asked.named} - {evidence.shown.candidate_id for evidence in (*literal, *others)}
    if asked.of_each and enough and lacking:
        reason = f"no text of {', '.join(sorted(lacking))} shows all of it"
        return Answer((), tuple(missing), reason, looked_at)
    if not enough:
        return Answer((), tuple(missing), _no_evidence(asked, tuple(missing), looked_at), looked_at)
    statements = [statement for shows in nearest(question, enough, embed) for statement in told(shows, surface)]
    return Answer(tuple(dict.fromkeys(statements)), looked_at=looked_at)


def in_words(answer: Answer, question: str, model: ChatModel, terms_of: Terms, deadline_s: float) -> Answer:
    """The answer as a model puts it; as it was where the model fails or says nothing that is supported."""
    if not answer.statements:
        return answer
    try:
        statements = rephrased(question, answer.statements, model, terms_of, deadline_s)
    except ModelError as error:
        LOG.warning("a question was answered without the language model: %s", error)
        return replace(answer, degraded=str(error))
    if not statements:
        return replace(answer, degraded="the language model wrote nothing that the evidence supports")
    return replace(answer, statements=statements, by_model=True)


def _no_evidence(asked: Asked, missing: tuple[str, ...], looked_at: int) -> str:
    if not looked_at:
        return "no candidate may be shown for this question; see its filters, and whether the ids are known"
    if missing:
        return f"no text of the {looked_at} candidates looked at shows {', '.join(map(repr, missing))}"
    if asked.required:
        return f"none of the {looked_at} candidates looked at shows all of it"
    return f"what is asked for is not known of the {looked_at} candidates looked at"
