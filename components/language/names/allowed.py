"""Words of a column that allows a few: levels, kinds of budget, statuses and visibilities as sites spell them.

Only spellings that mean one of the contract's words and nothing else; everything else is for a mapping's `values:`.
"""

import re
from collections.abc import Mapping

from components.language.names.yes_no import truth_or_none
from metier.contract import Column
from metier.errors import RefusedValueError
from metier.texts.plain_text import one_line

NOT_ONE_OF = "not one of the contract's values"

_SPELLINGS: dict[str, dict[str, str]] = {
    "kind": {
        "click": "view|viewed|visit|visited|clicked|page view|pageview|job view|detail view|impression click|"
        "view item|view content|select item|select content|link click|job click|card click",
        "save": "saved|bookmark|bookmarked|favorite|favourite|favorited|favourited|like|liked|star|starred|shortlist|"
        "shortlisted|wishlist",
        "dismiss": "dismissed|hide|hidden|skip|skipped|dislike|disliked|not interested",
        "apply": "applied|application|job application|apply now|submission|proposal|bid",
        "invite": "invited|invitation",
        "accept": "accepted|acceptance",
        "decline": "declined|reject|rejected|rejection|refuse|refused",
        "hire": "hired|contract start",
        "end": "ended|contract end",
        "pay": "paid|payment",
        "rate": "rated|rating|review|reviewed",
    },
    "side": {
        "freelancer": "candidate|applicant|worker|talent|job seeker|jobseeker|seeker|user",
        "client": "employer|recruiter|company|hirer|buyer|customer",
    },
    "experience_level": {
        "entry": "beginner|junior|jr|intern|internship|trainee|graduate|new grad|associate junior|apprentice|novice",
        "intermediate": "mid|middle|mid senior|associate|medior|regular|experienced|professional|intermediate level",
        "expert": "senior|sr|advanced|lead|principal|staff|director|executive|specialist|head",
    },
    "budget_kind": {
        "hourly": "hour|per hour|by the hour|an hour|hourly rate|hourly price|hourly project|time and materials|t&m",
        "fixed": "fixed price|fixed rate|fixed budget|fixed project|per project|by project|flat|flat rate|flat fee|"
        "lump sum|one time",
    },
    "visibility": {
        "public": "published|everyone|all|anyone|listed|open to all",
        "invite_only": "invite|invited|invitation|by invitation|invitation only|invitational|private|invite only",
    },
}
_STATUSES = {
    "jobs": {
        "open": "active|published|live|posted|available|hiring|accepting applications|actively hiring|opened|listed",
        "paused": "on hold|hold|suspended|unpublished|temporarily closed",
        "filled": "hired|position filled|job filled|awarded|staffed",
        "closed": "expired|inactive|archived|ended|completed|complete|finished|cancelled|canceled|"
        "no longer accepting applications|"
        "closed to applications",
        "removed": "deleted|taken down|withdrawn|rejected|banned|flagged",
    },
    "freelancers": {
        "listed": "active|available|public|visible|published|live|open|open to work",
        "unavailable": "busy|not available|away|on leave|inactive|paused",
        "private": "hidden|invisible|unlisted",
        "suspended": "banned|blocked|disabled|deactivated",
    },
    "clients": {
        "active": "enabled|verified|open|live|ok|good standing",
        "suspended": "banned|blocked|disabled|deactivated",
    },
}
_FILLER = re.compile(r"\([^()]*\)|\$+|\b(?:level|position|role|job|contract|type)\b")
_NOTE = re.compile(r"\(([^()]*)\)")
_NOT = frozenset({"no", "not", "non", "never", "without"})


def allowed_word(text: str, column: Column, values: Mapping[str, str]) -> str:
    """The contract's word for a cell; `values` of a mapping come first, and may name truths for a yes/no column."""
    named = _declared(text, values)
    spelled = folded(text if named is None else named)
    for word in column.allowed:
        if spelled == folded(word):
            return word
    words = _spelled(column)
    if found := words.get(spelled):
        return found
    found = words.get(" ".join(_FILLER.sub(" ", spelled).split()))
    if found is None or any(_says_otherwise(note, found, words) for note in _NOTE.findall(spelled)):
        raise RefusedValueError(NOT_ONE_OF)
    return found


def _says_otherwise(note: str, found: str, words: Mapping[str, str]) -> bool:
    """Whether a note in brackets denies something, or holds a spelling of another word: 'Active (paused)'."""
    named = re.findall(r"[^\W_]+", note)
    runs = (" ".join(named[start:end]) for start in range(len(named)) for end in range(start + 1, len(named) + 1))
    return not _NOT.isdisjoint(named) or any(words.get(run, found) != found for run in runs)


def folded(text: str) -> str:
    """Without case, hyphens, underscores, full stops and doubled spaces."""
    return " ".join(re.sub(r"[-‐‑–—_./]+", " ", one_line(text).casefold()).split())


def _declared(text: str, values: Mapping[str, str]) -> str | None:
    by_word = {folded(cell): word for cell, word in values.items()}
    if (word := by_word.get(folded(text))) is not None:
        return word
    truth = truth_or_none(text)
    return next((word for cell, word in values.items() if truth is not None and truth_or_none(cell) is truth), None)


def _spelled(column: Column) -> dict[str, str]:
    """From folded spelling to word, of the columns that have such a list."""
    lists = _SPELLINGS.get(column.name) or next(
        (words for words in _STATUSES.values() if column.name == "status" and tuple(words) == column.allowed), {}
    )
    return {folded(spelling): word for word, spellings in lists.items() for spelling in (*spellings.split("|"), word)}
