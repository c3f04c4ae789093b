"""Whether a sentence says no more than what it cites: it may leave words out and join what is left, and nothing else.

Its words stand in the cited statements in the same order, numbers and names letter by letter and other words by their
stems, but for the few that only join; so do its signs, but for plain punctuation. Where a statement denies, compares or
tells who says it, the sentence does too, and the other way round. A reader would let more pass; nothing passes here
that was not shown. Knows no model.
"""

import re
from collections.abc import Sequence

from components.language.answers.shown import Terms
from components.language.answers.told import Statement
from metier.texts.canonical import canonical
from metier.texts.personal_data import mask

JOINING = frozenset(
    """
    a also an and are as be been by candidate did do does for freelancer from had has have he her his in is it its job
    of on or she that the their them they this to was who with
    """.split()  # noqa: SIM905
)
"""Words that say nothing about a candidate by themselves."""
TURNING = frozenset(
    """
    above below but cannot except few fewer hardly higher least less lower more most neither never no none nor not only
    over rarely says than under unless until without
    """.split()  # noqa: SIM905
)
"""Words that turn around or bound what is said, or say that it is the candidate who says it."""
_WORD = re.compile(r"(?:(?<!\w)[+-](?=\d))?[^\W_](?:[\w+#.,&'-]*[\w+#])?")
_SIGN = re.compile(r"[^\w\s.,;:!?'\"()\[\]/-]")
"""What is neither a word nor plain punctuation: a currency, a per cent, a star, a tick."""


def is_supported(sentence: str, cited: Sequence[Statement], terms_of: Terms) -> bool:
    """Whether the statements, all of one candidate, say what the sentence says."""
    candidates = {citation.candidate_id for statement in cited for citation in statement.citations}
    if len(candidates) != 1 or mask(sentence)[0] != sentence:
        return False
    (candidate,) = candidates
    said = _words(sentence, candidate)
    shown = [word for statement in cited for word in _words(statement.text, candidate)]
    telling = [word for word in said if word.lower() not in JOINING]
    quoted = [word for statement in cited for each in statement.citations for word in _words(each.quote, candidate)]
    tells = any(_same(word, other, terms_of) for word in telling for other in quoted)
    signs = {sign for statement in cited for sign in _SIGN.findall(canonical(statement.text))}
    return (
        tells
        and signs.issuperset(_SIGN.findall(canonical(sentence)))
        and _turns(said) == _turns(shown)
        and _in_order(telling, shown, terms_of)
    )


def _words(text: str, candidate: str) -> list[str]:
    return _WORD.findall(re.sub(rf"(?<!\w){re.escape(canonical(candidate))}(?!\w)", " ", canonical(text)))


def _turns(words: Sequence[str]) -> set[str]:
    """Those that turn, "don't" and its like as "not"."""
    lower = [word.lower() for word in words]
    return {"not" if word.endswith("n't") else word for word in lower if word in TURNING or word.endswith("n't")}


def _in_order(telling: Sequence[str], shown: Sequence[str], terms_of: Terms) -> bool:
    rest = iter(shown)
    return all(any(_same(word, other, terms_of) for other in rest) for word in telling)


def _same(word: str, other: str, terms_of: Terms) -> bool:
    """Equal, or of one stem where the word is neither a name nor a number."""
    if word == other:
        return True
    plain = word.isascii() and word.isalpha() and word[1:] == word[1:].lower()
    return plain and word[:1].lower() == other[:1].lower() and terms_of(word) == terms_of(other)
