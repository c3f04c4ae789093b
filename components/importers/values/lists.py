"""Lists as programs and people spell them in one cell: JSON, Python, numpy, Postgres arrays, sets, and separated text.

Separated text has one separator in the whole column. What could be split in two ways is refused.
"""

import json
import re
from ast import literal_eval
from collections import Counter
from collections.abc import Iterator, Mapping
from html import unescape

from components.importers.values.list_objects import named_members
from components.importers.values.missing import MISSING
from components.importers.values.pages import html_text
from metier.errors import RefusedValueError
from metier.texts.plain_text import one_line, tidy

SEPARATORS = ("|", ";", "\n", "•", "·", ",", "、", "，", "；")
CANNOT_BE_READ = "a list that cannot be read"
CUT_OFF = "a list that was cut off"
NESTED = "a list of lists or objects"
OTHERWISE = "a list separated otherwise than the column's others"
UNDECIDED = "a list with two separators; declare 'separator:'"

_QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_NOTHING = r"(?:nan|None|null|NULL|NaN|<NA>|NaT)"
_PLAIN = r"[+-]?[0-9]+(?:\.[0-9]+)?"
_MEMBER = rf"(?:[bru]?{_QUOTED}|{_NOTHING}|{_PLAIN})"
_ARRAY = re.compile(rf"(?:[\[(]|\{{(?=\s*[bru]?['\"]))\s*(?:{_MEMBER}(?:\s*,\s*|\s+|(?=\s*[\])}}])))*[\])}}]", re.S)
_WRAPPED = re.compile(
    r"(?:array|frozenset|set|list|tuple|Index)\((?P<inner>[\[({].*[\])}])(?:,\s*dtype=[^()]*)?\)", re.S
)
_POSTGRES_MEMBER = r"""(?:"(?:[^"\\]|\\.)*"|[^",{}\\]+)"""
_POSTGRES = re.compile(rf"\{{\s*(?:{_POSTGRES_MEMBER}\s*(?:,\s*{_POSTGRES_MEMBER}\s*)*)?\}}", re.S)
_PYTHON_DICTIONARY = re.compile(rf"\{{\s*{_QUOTED}\s*:")
_PYTHON_DICTIONARIES = re.compile(rf"[\[(]\s*\{{\s*{_QUOTED}\s*:")
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_OPENING = {closing: opening for opening, closing in _CLOSING.items()}
_GROUPING = re.compile(r'[\[({"]')
_LONGEST = 100_000
"""Characters of a cell; a list of skills is shorter."""
_COUNTER = r"\+\s?[0-9]+(?: more| others?| weitere)?|(?:and )?[0-9]+ more"
_AND_SO_ON = (
    "etc|&c|and more|and others|and so on|& more|& others|et al|usw|u.a|u. a|u.v.m|und mehr|et plus|et autres|y más|"
    "y otros|e mais|e outros|e altro|e altri|ecc|en meer|enz|i inne|itd|itp|и др|и другие|и т.д|и т. д|и т.п|и т. п"
)
_UNNAMED = re.compile(
    rf"(?:^|\s+)(?:{_COUNTER}|(?:{re.escape(_AND_SO_ON).replace(re.escape('|'), '|')})\.?|\.{{3}}|…)$|(?:など|等)$",
    re.I,
)
"""What is written for members that are not named."""
_LAST_WORDS = frozenset(phrase.rpartition(" ")[2] for phrase in _AND_SO_ON.split("|")) | {"others", "other", "weitere"}
_CUT = re.compile(r"(?:\.{3}|…)$")
_MARKUP = re.compile(r"(?:<|&lt;)/?(?:br|li|p|div|ul|ol|span|td)\b", re.I)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.I)


def listed(text: str, separator: str | None = None) -> list[str]:
    """The members, each name once; `separator` None: the text decides, empty: the column could not."""
    if len(text) > _LONGEST:
        raise RefusedValueError(CANNOT_BE_READ)
    tidied = _shown(text)
    members = _bracketed(tidied)
    if members is None:
        mark = separator_of({tidied: 1}) if separator is None else separator
        members = _separated(tidied, mark)
    first: dict[str, str] = {}
    for member in members:
        name = one_line(plain_entities(member))
        folded = name.casefold()
        if folded in MISSING:
            continue
        if not folded[-1].isalpha() or folded[-1] in "ど等" or folded.rpartition(" ")[2] in _LAST_WORDS:
            name = _named(name)
            folded = name.casefold()
        if name:
            first.setdefault(folded, name)
    return list(first.values())


def _named(member: str) -> str:
    """The member without what stands for others behind it; RefusedValueError where its own name was cut off."""
    name = _UNNAMED.sub("", member)
    if _CUT.search(name):
        raise RefusedValueError(CUT_OFF)
    return name


def separator_of(cells: Mapping[str, int]) -> str | None:
    """The separator of most of a column's separated cells, outside of brackets and quotes; `cells` with their number.

    Empty where no separator is in most of them, or two are in as many; None where no cell is separated.
    """
    counts: Counter[str] = Counter()
    separated = 0
    for cell, times in cells.items():
        found = _marks_or_none(cell)
        counts.update(dict.fromkeys(found, times))
        separated += times if found else 0
    (first, most), (_, next_most) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    if separated == 0:
        return None
    return first if most > next_most and 2 * most > separated else ""


def plain_entities(text: str) -> str:
    """Entities as the characters that they stand for, however often they were escaped."""
    for _ in range(3):
        plain = unescape(text) if _ENTITY.search(text) else text
        if plain == text:
            break
        text = plain
    return text


def _shown(text: str) -> str:
    """The cell, tidy; of markup, what a page would show."""
    has_markup = ("<" in text or "&" in text) and _MARKUP.search(text)
    return tidy(html_text(text) if has_markup else text)


def _marks_or_none(cell: str) -> set[str]:
    """The marks of separated text; a list in brackets, or one that cannot be read, tells none."""
    try:
        shown = _shown(cell)
        return set() if _bracketed(shown) is not None else _marks(*_unwrapped(shown))
    except RefusedValueError:
        return set()


def _bracketed(text: str) -> list[str] | None:
    """Members of a list that says that it is one; None for separated text."""
    if re.fullmatch(r"(?:set|frozenset|list|tuple)\(\)|\{\s*\}", text):
        return []
    if wrapped := _WRAPPED.fullmatch(text):
        text = wrapped["inner"]
    if text.startswith(("[", "{")) or (text.startswith("(") and re.match(rf"\(\s*(?:{_QUOTED}|\))", text)):
        return _array(text)
    if text.startswith('"') and text.endswith('"'):
        if _ARRAY.fullmatch(inner := text[1:-1].replace('""', '"')):
            return _array(inner)
        return _encoded_twice(text)
    return None


def _encoded_twice(text: str) -> list[str] | None:
    """Members of a JSON text that is itself a list in JSON; None for any other."""
    try:
        inner = json.loads(text)
    except ValueError:
        return None
    return _array(inner) if inner.startswith("[") else None


def _array(text: str) -> list[str]:
    if _PYTHON_DICTIONARY.match(text):
        raise RefusedValueError(NESTED)
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return _spelled(text)
    return _scalars(members)


def _scalars(members: object) -> list[str]:
    """The members of a list; of those that are objects, the names."""
    flat = named_members(members) if isinstance(members, list | tuple) else None
    if flat is None or not all(isinstance(member, str | int | float | None) for member in flat):
        raise RefusedValueError(NESTED)
    return [_scalar(member) for member in flat if member is not None and member == member]


def _scalar(member: str | float) -> str:
    return member if isinstance(member, str) else json.dumps(member)


def _spelled(text: str) -> list[str]:
    """Members as Python, numpy or Postgres spell them."""
    if _PYTHON_DICTIONARIES.match(text):
        return _scalars(_evaluated(text))
    if _ARRAY.fullmatch(text) and text[-1] == _CLOSING[text[0]]:
        parts = re.findall(_MEMBER, text[1:-1], re.S)
        return [_unquoted(part) for part in parts if not re.fullmatch(_NOTHING, part)]
    if _POSTGRES.fullmatch(text):
        parts = [part.strip() for part in re.findall(_POSTGRES_MEMBER, text[1:-1], re.S)]
        return [_unescaped(part) for part in parts if part != "NULL"]
    raise RefusedValueError(CANNOT_BE_READ)


def _evaluated(text: str) -> object:
    """The value of a Python literal."""
    try:
        return literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise RefusedValueError(CANNOT_BE_READ) from None


def _unquoted(part: str) -> str:
    quoted = part.lstrip("bru")
    if quoted[0] not in "'\"":
        return part
    try:
        return str(literal_eval(quoted))
    except (SyntaxError, ValueError):
        return quoted[1:-1]


def _unescaped(part: str) -> str:
    return re.sub(r"\\(.)", r"\1", part[1:-1], flags=re.S) if part.startswith('"') else part


def _separated(text: str, separator: str | None) -> list[str]:
    plain, spans = _unwrapped(text)
    marks = _marks(plain, spans)
    if not separator:
        if marks:
            raise RefusedValueError(UNDECIDED)
        return [_bare(plain)]
    parts = list(_split(plain, separator, spans))
    if len(parts) == 1 and separator in SEPARATORS and marks:
        raise RefusedValueError(OTHERWISE)
    return [_bare(part) for part in parts]


def _unwrapped(text: str) -> tuple[str, dict[int, int]]:
    """The text with plain commas, without the one pair of brackets that is around all of it; and its spans."""
    plain = plain_entities(text).strip()
    spans = _spans(plain)
    if plain.startswith("(") and spans.get(0) == len(plain):
        plain = plain[1:-1]
        spans = _spans(plain)
    return plain, spans


def _bare(part: str) -> str:
    """Without the bullet before a line, and without quotes around it."""
    part = re.sub(r"^\s*(?:[•·*–-]\s+)?", "", part).strip().rstrip(",;|、，；").rstrip()
    return part[1:-1] if len(part) > 1 and part[0] == part[-1] and part[0] in "'\"" else part


def _marks(text: str, spans: Mapping[int, int]) -> set[str]:
    """The separators with something on both sides; a bullet before a line is none."""
    found = {mark for mark in SEPARATORS if mark in text and sum(bool(_bare(p)) for p in _split(text, mark, spans)) > 1}
    return found - set("•·") if "\n" in found else found


def _split(text: str, separator: str, spans: Mapping[int, int]) -> Iterator[str]:
    """Parts between separators that stand outside of brackets and quotes."""
    if not spans:
        yield from text.split(separator)
        return
    start = position = 0
    while position < len(text):
        if text.startswith(separator, position):
            yield text[start:position]
            start = position = position + len(separator)
        else:
            position = spans.get(position, position + 1)
    yield text[start:]


def _spans(text: str) -> dict[int, int]:
    """Where brackets and quoted members begin and end; a bracket that stays open before a separator is refused."""
    spans: dict[int, int] = {}
    if not _GROUPING.search(text):
        return spans
    opened: dict[str, list[int]] = {mark: [] for mark in _CLOSING}
    position = 0
    while position < len(text):
        mark = text[position]
        if mark == '"' and (end := _quoted_until(text, position)):
            spans[position] = position = end
            continue
        if mark in opened:
            opened[mark].append(position)
        elif mark in _OPENING and opened[_OPENING[mark]]:
            spans[opened[_OPENING[mark]].pop()] = position + 1
        position += 1
    left = [positions[0] for positions in opened.values() if positions]
    if left and any(text.find(mark, min(left)) >= 0 for mark in SEPARATORS):
        raise RefusedValueError(CANNOT_BE_READ)
    return spans


def _quoted_until(text: str, position: int) -> int | None:
    """The end of a member in quotes; inches and the like are no quotes."""
    end = text.find('"', position + 1)
    opens = position == 0 or not text[position - 1].isalnum()
    return end + 1 if opens and end > 0 and not text[end + 1 : end + 2].isalnum() else None
