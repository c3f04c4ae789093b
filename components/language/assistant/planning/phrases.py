"""The words by which a person asks the assistant for something, and whom of a shortlist they mean. Pure.

Patterns are of `plain` text: lower case, white space as one space.
"""

import re

from components.language.assistant.conversation import Conversation


def _any(*alternatives: str) -> re.Pattern[str]:
    """Any of the alternatives, beginning where a word does unless they say where."""
    begun = (each if each.startswith("^") else rf"\b{each}" for each in alternatives)
    return re.compile("|".join(begun))


_SOMEBODY = r"(?:him|her|them|it|this|that|these|those|all|everyone|the \w+)\b"
DECLINED = _any(
    rf"(?:hire|invite|message|contact|e-?mail|pay|book|interview|reject|block|delete|shortlist) {_SOMEBODY}",
    r"(?:wire|transfer|refund)\b",
    rf"apply (?:to|for) {_SOMEBODY}",
    r"send (?:\w+ )?(?:an? )?(?:invit|offer|messag|mail)",
    r"(?:post|publish) (?:it|this|that|the job)\b",
)
ACCOUNT = _any(
    r"what (?:did|have) you (?:just )?(?:change|relax|do\b|drop|done|ignore|look|search|leave|remove)",
    r"did you (?:\w+ )?(?:change|relax|drop|ignore|remove|loosen)",
    r"why (?:are there |is there |did you find )?(?:so few|nobody|no one|only)\b",
    r"what are you (?:looking|searching) for\b",
    r"which (?:filters|limits|restrictions)\b",
)
EXPLAINED = _any(
    r"why (?:is|are|did|do|does|was|were|should|him|her|them|this|that|these|those|the)\b",
    r"why #",
    r"reasons? (?:for|why)\b",
    r"explain\b",
    r"(?:tell me (?:more )?about|more about|details (?:of|on|about)) (?:the|#|number|him|her|it)\b",
    r"(?:who|which)(?: one)? (?:is|of them is) (?:the )?best\b",
    r"what makes\b",
)
DRAFT = _any(
    r"(?:draft|write|create|prepare|compose|make|formulate)\b.{0,40}\b(?:post|posting|ad|advert|listing|description)\b"
)
COMPARED = _any(
    r"compar",
    r"versus\b",
    r"vs\b",
    r"side by side\b",
    r"differences? (?:between|of)\b",
    r"differ\b",
    r"which (?:one )?is better\b",
)
GOING_RATE = _any(
    r"(?:going|market|average|usual|typical|median|common) (?:hourly )?(?:rate|price|pay|salary|cost|charge)s?\b",
    r"what should (?:i|we) (?:pay|charge|budget|offer|ask)\b",
    r"how much should\b",
    r"(?:typically|usually|normally) (?:charge|cost|pay|earn|ask)",
)
CHARGED = _any(
    r"(?:what|how much) (?:do|does|would|will|are|is) .*\b(?:charge|charging|cost|earn|pay|ask for|paid)\b",
    r"how (?:much|expensive) (?:is|are|for)\b",
    r"rates? (?:for|of)\b",
    r"what rates?\b",
)
THEM = _any(r"(?:they|them|their|he|she|his|any of|which of|who of|either|neither|which one|these|those|each)\b")
ASKED = _any(r"^(?:and |so |ok |okay )*(?:which|who|whose|does|do|is|are|can|has|have|what|where|when|how)\b")
_MORE = r"more\b(?! (?:exp|sen|jun|aff))"
MORE = _any(
    rf"(?:show|give|list|see|find|get)\b.{{0,12}}\b{_MORE}",
    rf"^{_MORE}",
    r"(?:who|what) else\b",
    r"others\b",
    r"next (?:page|ones|few)\b",
)
CHEAPER = _any(
    r"cheap(?:er|est)?\b",
    r"less expensive\b",
    r"lower (?:hourly )?(?:rate|price|budget|cost)",
    r"affordable\b",
    r"too (?:expensive|pricey|dear)\b",
    r"(?:cost|charge|ask)s?(?: for)? less\b",
)
DEARER = _any(
    r"better[- ]pa(?:id|ying)\b",
    r"higher[- ](?:pay|paid|paying|rate|budget)",
    r"pay(?:s|ing)? (?:more|better)\b",
    r"more money\b",
    r"more expensive\b",
    r"too (?:cheap|low|little)\b",
    r"bigger budgets?\b",
)
MORE_SENIOR, LESS_SENIOR = (
    _any(r"(?:more (?:experienced|senior)|less junior)\b"),
    _any(r"(?:less senior|more junior)\b"),
)
RELAXES = _any(
    r"(?:drop|remove|forget|ignore|lift|lose|skip|without|relax|loosen|clear|reset|scrap|any|anywhere)\b",
    r"(?:get rid of|give up|do away with|take (?:off|out|away))\b",
    r"(?:never ?mind|no matter|regardless of|whatever|wherever|worldwide)\b",
    r"do(?:es)?n'?t (?:care|mind|matter)\b",
    r"(?:not important|irrelevant)\b",
)
NEW = _any(
    r"^(?:(?:now|ok|okay|then|and|please|hi|hello|so|great|thanks|instead|can you|could you|next)[, ]+)*"
    r"(?:find|search|look|looking|i need|i want|i'm|i am|we need|we're|we are|need|get me|show me|seeking|hiring)\b"
)
CHANGING = _any(
    r"(?:also|as well|too|only|just|instead|rather|actually|make (?:that|it)|change|switch|except|but)\b",
    r"(?:ones?|those|them|now with|must|at (?:least|most)|plus|include|exclude|no longer|after all)\b",
    r"^(?:and|or|with|not|no|in|from|under|below|over|who|for)\b",
)
PLEASANTRY = _any(r"^(?:hi|hello|hey|thanks?|thank you|great|cool|perfect|ok(?:ay)?|bye|help|what can you do)[ ,!.?]*$")
ALSO = _any(r"(?:also|as well|too|add|include|or|and|plus)\b")
ONLY = _any(r"(?:only|must|exclusively|strictly)\b")
INSTEAD = _any(r"(?:instead|rather|actually|make (?:that|it)|switch|change (?:it|that|this)|i mean)\b")
EVERYTHING = _any(r"(?:all|every|everything|any of (?:that|it|this)|restrictions?|limits|filters|constraints)\b")

_IDLE = frozenset(
    """
    a an the me my us i we for of in to and or only just please now ok okay show find get give need want looking look
    search people person ones one them those these candidates freelancers jobs job work results someone somebody who
    that with is are be hi hello thanks thank you also too as well not no what there today anything new some any it
    """.split()  # noqa: SIM905
)
_ORDINALS = {
    "first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4, "5th": 4,
}  # fmt: skip
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "2": 2, "3": 3, "4": 4, "5": 5}
_NUMBERS = "|".join(_COUNTS)
ORDINAL = re.compile(
    rf"\b(?:the )?({'|'.join(_ORDINALS)}|last)\b(?: (?:one|person|candidate|job|freelancer)\b)?|(?:#|\bnumber )(\d)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"\b([1-9])(?= (?:and|with|to|or|vs|versus)\b)|(?<=\band )([1-9])\b(?! \w)|(?<=\bto )([1-9])\b(?! \w)"
)
"""Numbers of a comparison: 'compare 1 and 3'."""
_FIRST_FEW = re.compile(rf"\b(?:first|top|best) ({_NUMBERS})\b")
_SEVERAL = re.compile(rf"\b(?:all|these|those) ({_NUMBERS})\b|\bboth\b")


def plain(said: str) -> str:
    """In lower case, white space as one space, apostrophes alike."""
    return " ".join(said.lower().replace("’", "'").split())


def has_words(text: str) -> bool:
    """Whether a text holds a word that names something."""
    return any(word not in _IDLE for word in re.findall(r"[^\W\d_]{2,}", text.lower()))


def ids_in(said: str) -> list[str]:
    """What is written like an id: letters, a joint, and digits."""
    return re.findall(r"\b[A-Za-z]+_[\w-]*\d[\w-]*", said)


def positions_in(text: str, conversation: Conversation) -> tuple[int, ...]:
    """Those of the shortlist that a plain text names, in its order: by ordinals, counts or ids."""
    size = len(conversation.shortlist)
    if few := _FIRST_FEW.search(text):
        return tuple(range(min(_COUNTS[few[1]], size)))
    if several := _SEVERAL.search(text):
        return tuple(range(min(_COUNTS.get(several[1] or "two", 2), size)))
    found: dict[int, int] = {}
    for match in _NUMBERED.finditer(text) if COMPARED.search(text) else ():
        found.setdefault(int(match[1] or match[2] or match[3]) - 1, match.start())
    for match in ORDINAL.finditer(text):
        position = int(match[2]) - 1 if match[2] else size - 1 if match[1] == "last" else _ORDINALS[match[1]]
        found.setdefault(position, match.start())
    for position, candidate in enumerate(conversation.shortlist):
        if (at := text.find(candidate.candidate_id.lower())) >= 0:
            found.setdefault(position, at)
    return tuple(position for position in sorted(found, key=found.__getitem__) if 0 <= position < size)
