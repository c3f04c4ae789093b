"""The text of a search with other skills in it, or without some of what it asks for. Pure."""

import re
from collections.abc import Collection, Iterable

from components.language.assistant.arguments import Search
from components.language.assistant.planning.moves import Reader, Reading
from components.language.understanding import Span

_SKILLS = ("must", "nice")
_LED_IN = re.compile(
    r"(?:[\s,;]*\b(?:in|from|under|below|max|at|for|of|and|or|with|but|no|not|also|plus|who|is|are)|[\s,;]+)+$", re.I
)
"""What leads in something that is taken out."""


def with_skills(search: Search, reading: Reading, reader: Reader, *, replaces: bool) -> Search:
    """The search with the skills that a sentence names in place of its own ('make that X'), or beside them."""
    typed = search.text or ""
    before = reader.read(typed, search.surface) if typed else None
    has = {skill for skill, _, need in before.skills if need != "not"} if before else set[str]()
    labels = [label for skill, label, need in reading.skills if need in _SKILLS and (replaces or skill not in has)]
    if not labels:
        return search
    new = ", ".join(labels)
    spans = [span for span in before.plan.spans if span.part == "must"] if before and replaces else []
    if spans:
        typed = cut(typed, spans[1:], tidy=False)
        return _with_text(search, typed[: spans[0].start] + new + typed[spans[0].end :])
    if replaces:
        return _with_text(search, f"{new} {typed}".strip())
    return _with_text(search, f"{typed}, {new}" if typed else new)


def without_skills(search: Search, skills: Collection[str], reader: Reader) -> Search:
    """The search whose text does not ask for some skills (ids); as it is where nothing else would be left."""
    before = reader.read(search.text, search.surface) if search.text and skills else None
    if before is None or search.text is None:
        return search
    spans = [span for span in before.plan.spans if span.part in _SKILLS and span.value in skills]
    text = cut(search.text, spans)
    return _with_text(search, text) if spans and re.search(r"\w", text) else search


def cut(text: str, spans: Iterable[Span], *, tidy: bool = True) -> str:
    """The text without some spans, and, `tidy`, without the words that led them in.

    >>> cut("React, in Poland under $2/h", [Span("countries", "PL", 10, 16)])
    'React under $2/h'
    """
    for span in sorted(spans, key=lambda span: span.start, reverse=True):
        before, after = text[: span.start], text[span.end :]
        text = f"{_LED_IN.sub('', before)} {after.lstrip()}" if tidy else before + after
    return re.sub(r" +([,;.])", r"\1", text).strip(" ,;") if tidy else text


def _with_text(search: Search, text: str) -> Search:
    return search.model_copy(update={"text": text})
