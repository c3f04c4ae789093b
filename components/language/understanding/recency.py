"""How long ago a job may have been posted, as people say it: 'posted this week', 'last 3 days'."""

import re
from collections.abc import Sequence

from components.language.understanding.tokens import Token

_WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "couple": 2, "three": 3, "few": 3, "four": 4, "five": 5, "six": 6,
          "seven": 7, "ten": 10, "fourteen": 14}  # fmt: skip
_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "m": 30.0}
_NUMBER = rf"(?P<number{{0}}>\d{{{{1,3}}}}|{'|'.join(_WORDS)})"
_UNIT = r"(?P<unit{0}>h(?:ou)?rs?|h|days?|d|weeks?|wks?|w|months?|mos?)"
_POSTED = r"(?:(?:that (?:were|was)|which (?:were|was)|was|were|are|just|newly|recently|only|freshly)\s+)*"
_VERB = r"(?:posted|listed|published|added|uploaded|new|fresh|put up|opened|advertised|created)"
_PATTERNS = (
    rf"(?:{_POSTED}{_VERB}\s+)?(?:(?:in|within|over|during|from|since|for)\s+)?(?:the\s+|this\s+)?"
    r"(?:last|past|previous)\s+"
    rf"(?:{_NUMBER.format(1)}\s*(?:of\s+)?-?\s*)?{_UNIT.format(1)}\b(?!\s+of\b)",
    rf"(?:{_POSTED}{_VERB}\s+)?"
    r"(?:less than|within|under|no (?:older|more) than|not (?:older|more) than|max(?:imum)?|at most|"
    rf"newer than|younger than|up to)\s+{_NUMBER.format(2)}\s*{_UNIT.format(2)}\s+(?:old|ago)\b",
    rf"(?:newer|younger|fresher|no older|not older) than\s+{_NUMBER.format(3)}\s*{_UNIT.format(3)}\b",
    rf"{_VERB}\s+(?:within\s+)?{_NUMBER.format(4)}\s*{_UNIT.format(4)}\s+(?:ago|or less)(?:\s+or (?:less|newer))?\b",
    rf"{_POSTED}{_VERB}\s+within\s+(?:the\s+)?{_NUMBER.format(5)}\s*{_UNIT.format(5)}\b",
    rf"(?:{_POSTED}{_VERB}\s+(?:in\s+|since\s+|from\s+)?|(?:jobs|gigs|projects|posts|work)\s+from\s+|since\s+)"
    r"(?P<named>today|yesterday|this week|this month|last week|last month)\b",
    r"(?P<ours>today's|this week's|this month's)(?=\s+(?:jobs|posts|gigs|projects|listings))",
)
_RECENT = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS))
_NAMED = {"today": 1, "yesterday": 2, "this week": 7, "this month": 30, "last week": 7, "last month": 30}
_HINT = re.compile(r"last|past|previous|post|list|publish|add|new|fresh|young|old|ago|since|today|from|week|month")


def posted_within(text: str) -> tuple[int, int, int] | None:
    """(days, start, end) of the first moment of posting that a text in lower case names."""
    if not _HINT.search(text):
        return None
    for match in _RECENT.finditer(text):
        if named := match["named"] or (match["ours"] or "").removesuffix("'s"):
            return _NAMED[named], match.start(), match.end()
        number = next((match[f"number{n}"] for n in range(1, 6) if match[f"number{n}"]), None)
        unit = next(match[f"unit{n}"] for n in range(1, 6) if match[f"unit{n}"])
        count = 1 if number is None else _WORDS.get(number) or int(number)
        return max(1, round(count * _DAYS[unit[0]])), match.start(), match.end()
    return None


def tokens_within(tokens: Sequence[Token], start: int, end: int) -> range:
    """Places of the tokens that lie in text[start:end]."""
    inside = [at for at, token in enumerate(tokens) if token.start >= start and token.end <= end]
    return range(inside[0], inside[-1] + 1) if inside else range(0)
