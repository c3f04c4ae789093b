"""Whom of a shortlist a sentence means: by their place, by how many, by their ids. Pure; texts are `plain`."""

import re

from components.language.assistant.conversation import Conversation
from components.language.assistant.planning.counts import COUNTS, ORDINALS, count_in
from components.language.assistant.planning.phrases import COMPARED

_NUMBERS = rf"\d{{1,2}}|{'|'.join(COUNTS)}"
ORDINAL = re.compile(
    rf"\b(?:the )?({'|'.join(ORDINALS)}|last)\b(?: (?:one|person|candidate|job|freelancer)\b)?"
    r"|(?:#|\bnumber )(\d{1,2})\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"\b(\d{1,2})(?=,| (?:and|with|to|or|vs\.?|versus)\b)"
    r"|(?:(?<=\band )|(?<=\bto )|(?<=\bvs )|(?<=\bversus )|(?<=\bwith ))(\d{1,2})\b(?! \w)"
)
"""Numbers of a comparison: 'compare 1 and 3'."""
_FIRST_FEW = re.compile(rf"\b(?:first|top|best) ({_NUMBERS})\b")
_SEVERAL = re.compile(rf"\b(?:all|these|those) ({_NUMBERS})\b|\bboth\b")


def positions_in(text: str, conversation: Conversation) -> tuple[int, ...]:
    """Those of the shortlist that a text names, in its order."""
    return tuple(position for position in _meant(text, conversation) if position < len(conversation.shortlist))


def beyond(text: str, conversation: Conversation) -> tuple[int, ...]:
    """Positions that a text names where nobody is shown."""
    return tuple(position for position in _meant(text, conversation) if position >= len(conversation.shortlist))


def _meant(text: str, conversation: Conversation) -> list[int]:
    if few := _FIRST_FEW.search(text):
        return list(range(min(count_in(few[1]), len(conversation.shortlist))))
    if several := _SEVERAL.search(text):
        return list(range(min(count_in(several[1] or "two"), len(conversation.shortlist))))
    found: dict[int, int] = {}
    for match in _NUMBERED.finditer(text) if COMPARED.search(text) else ():
        found.setdefault(int(match[1] or match[2]) - 1, match.start())
    for position, candidate in enumerate(conversation.shortlist):
        if named := re.search(rf"(?<![\w-]){re.escape(candidate.candidate_id.lower())}(?![\w-])", text):
            found.setdefault(position, named.start())
    by_place = not found or COMPARED.search(text)
    for match in ORDINAL.finditer(text) if by_place else ():
        word, last = (match[1] or "").lower(), len(conversation.shortlist) - 1
        found.setdefault(int(match[2]) - 1 if match[2] else last if word == "last" else ORDINALS[word], match.start())
    return sorted((position for position in found if position >= 0), key=found.__getitem__)
