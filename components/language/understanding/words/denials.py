"""Verbs that are denied, composed: 'doesn't live in', 'must not be based in', 'don't have to', 'won't be considered'.

What is denied is a wish, a need or a liking, and each denies something else: 'don't want' what follows, 'don't need'
the limit alone, and 'are not accepted' what was named before. Knows no sentence.
"""

from collections.abc import Iterable, Iterator

_VERBS = "do|does|did|is|are|was|were|will|would|can|could|should|must|may|has|have|had"
_CONTRACTED = (
    "don't|doesn't|didn't|isn't|aren't|wasn't|weren't|won't|wouldn't|can't|couldn't|shouldn't|mustn't|hasn't|haven't|"
    "hadn't|ain't"
)
_UNWANTED = (
    "want|want any|want to see|want to hire|want to work with|want to work for|wish to work with|like|hire|use|using|"
    "live|live in|living|living in|reside in|residing in|work in|work for|work with|working in|working for|"
    "working with|come from|coming from|be|be in|be from|be based|be based in|be located in|been|based|based in|"
    "located|located in|speak|speaking|know|knowing|do|doing|include|including|consider|considering|accept|"
    "show|show me|send me|interested in|into|in|from|on|too|very|any|a fan of|looking for|hiring|accepting"
)
_UNNEEDED = (
    "have to|have to be|have to be in|need|needs|need to|need to be|need to be in|need to know|need any|require|"
    "required to|required to be|mind|care|care if|care about|care where|matter|matter if|matter where|matter whether|"
    "insist on|expect|expected to|obliged to|necessary to|have a preference for|exclude|rule out|limited to|"
    "restricted to|limit it to"
)
_DISPENSABLE = "required|needed|necessary|mandatory|important|essential|a must|a requirement|compulsory"
_YET_LIKED = (
    "a plus|a bonus|nice|nice to have|good to have|preferred|welcome|helpful|appreciated|desirable|is a plus|"
    "would be a plus|would be nice|would help|an advantage|beneficial"
)
_REFUSED = (
    "welcome|wanted|accepted|acceptable|allowed|considered|eligible|suitable|permitted|tolerated|an option|ok|okay|"
    "be accepted|be considered|be allowed|apply|bother|please"
)
_TURNED_DOWN = (
    "excluded|banned|forbidden|prohibited|barred|rejected|ignored|unwelcome|unacceptable|ineligible|out|off limits|"
    "out of the question|a no|a no go|a no no|left out|undesired|unwanted"
)
_COPULAS = ("", "is", "are", "will be", "would be", "must be", "should be", "to be", "get", "gets")


def denials() -> Iterator[tuple[str, str, str | None]]:
    """(phrase, kind, value) of a sense; of equal phrases the last counts."""
    for denied in _denied():
        yield denied, "not", None
    yield from _composed(_UNWANTED, "not", None)
    yield from _composed(_UNNEEDED, "unneeded", "ahead")
    yield from _composed(_DISPENSABLE, "unneeded", None)
    yield from _composed(
        "|".join(f"{need} but {liked}" for need in _DISPENSABLE.split("|")[:3] for liked in _YET_LIKED.split("|")),
        "nice",
        None,
    )
    yield from _composed(_REFUSED, "refused", None)
    yield from ((phrase, "refused", None) for phrase in ("need not apply", "needn't apply", "need not bother"))
    for copula in _COPULAS:
        yield from (
            (f"{copula} {word}".strip(), "refused", None)
            for word in _TURNED_DOWN.split("|")
            if copula or word not in ("out", "a no")
        )


def _composed(tails: str, kind: str, value: str | None) -> Iterable[tuple[str, str, str | None]]:
    return ((f"{denied} {tail}", kind, value) for denied in _denied() for tail in tails.split("|"))


def _denied() -> Iterator[str]:
    for contracted in _CONTRACTED.split("|"):
        yield contracted
        yield contracted.replace("'", "")
    yield from (f"{verb} not" for verb in _VERBS.split("|"))
    yield from ("cannot", "am not", "never", "not")
