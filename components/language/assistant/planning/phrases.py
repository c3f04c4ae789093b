"""The words by which a person asks the assistant for something. Pure.

Patterns are of `plain` text: lower case, white space as one space.
"""

import re

from components.language.assistant.planning.counts import COUNTS, ORDINALS, count_in


def _any(*alternatives: str) -> re.Pattern[str]:
    """Any of the alternatives, beginning where a word does unless they say where."""
    begun = (each if each.startswith("^") else rf"\b{each}" for each in alternatives)
    return re.compile("|".join(begun))


_ID = r"[a-z]+_[\w-]*\d[\w-]*"
_SOMEBODY = rf"(?:him|her|them|it|this|that|these|those|all|everyone|the \w+|my \w+|{_ID})\b"
_PLEASE = r"^(?:(?:and|so|ok|okay|now|then|but|no|please|just|can you|could you|well|hm+|oh|let's|sorry|wait)[, ]+)*"
DECLINED = _any(
    rf"(?:hire|invite|message|contact|e-?mail|pay|book|interview|reject|block|delete|shortlist) {_SOMEBODY}",
    r"(?:wire|transfer|refund)\b",
    rf"apply (?:to|for) {_SOMEBODY}",
    r"send (?:\w+ )?(?:an? )?(?:invit|offer|messag|mail)",
    r"(?:post|publish) (?:it|this|that|the job)\b",
)
_WHICH = rf"(?:{_ID}|(?:the )?(?:number |#)\d+|(?:the )?(?:{'|'.join(ORDINALS)}|last)\b)"
_THIS_ONE = rf"(?:him|her|it|{_WHICH})"
ACCOUNT = _any(
    r"what (?:did|have) you (?:just )?(?:change|relax|do\b|drop|done|ignore|look|search|leave|remove)",
    r"did you (?:\w+ )?(?:change|relax|drop|ignore|remove|loosen)",
    r"why (?:are there |is there |did you find )?(?:so few|nobody|no one|only)\b",
    r"what are you (?:looking|searching) for\b",
    r"which (?:filters|limits|restrictions)\b",
    r"^(?:what|huh|pardon|sorry|summary|summari[sz]e)\b[ ?!.]*$",
    r"where (?:are|were) we\b",
)
UNDONE = _any(
    r"(?:undo|revert|roll ?back)\b",
    r"go(?:ing)? (?:\w+ )?back\b",
    _PLEASE + r"(?:step |one |take (?:that |it |me )?)?back"
    r"(?: to (?:the |my )?(?:previous|last|first|old|earlier|search|list)\b.*)?[ ?!.]*$",
    _PLEASE + r"restore (?:it|that|them|the (?:search|results?|list|filters|limits))\b",
    _PLEASE + r"(?:the )?(?:previous|prior|earlier)(?: \w+)?[ ?!.]*$",
    r"(?:previous|prior|earlier) (?:search|results?|list|shortlist|ones|step|state)\b",
    r"as (?:it|they) (?:was|were)\b(?: before)?",
    _PLEASE
    + r"(?:scratch|forget|cancel|ignore|never ?mind|take back)(?: (?:that|it|this|the last \w+|what i said))?[ ?!.]*$",
)
EXPLAINED = _any(
    r"why (?:is|are|did|do|does|was|were|should|not|him|her|them|this|that|these|those|the)\b",
    rf"why {_ID}",
    r"why #",
    r"reasons? (?:for|why)\b",
    r"explain\b",
    rf"(?:tell me (?:more )?about|(?:what|how) about|more (?:on|about)|details (?:of|on|about)) {_THIS_ONE}",
    rf"(?:show|open|view|see|describe|who is)(?: me)? {_WHICH}",
    r"(?:who|which)(?: one)? (?:is|of them is) (?:the )?best\b",
    r"what makes\b",
)
WHY = _any(
    _PLEASE + r"(?:why|how come|how so|what for|why not|explain)"
    r"(?: (?:these|those|them|this|that|the)(?: (?:people|ones|jobs|results?|order|ranking|shortlist|list))?)?[ ?!.]*$"
)
"""Asks why of the shortlist as a whole."""
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
_A_FEW = 5
_MORE = r"more\b(?! (?:exp|sen|jun|aff))"
MORE = _any(
    rf"(?:show|give|list|see|find|get)\b.{{0,12}}\b{_MORE}",
    rf"^{_MORE}",
    r"(?:who|what|any(?:one|body|thing)) else\b",
    r"^i (?:want|need) more[ ?!.]*$",
    r"others\b",
    r"next (?:page|ones|few)\b",
    _PLEASE + r"(?:(?:show|give|get|load|list)(?: me| us)? )?"
    r"(?:the )?(?:next|others?|another|rest|all|everyone|everybody|everything)"
    r"(?: (?:one|ones|page|of them|of it|results|people|jobs|candidates|please))*[ ?!.]*$",
    _PLEASE + r"(?:continue|go on|keep going|further)[ ?!.]*$",
)
SHOWN_AT_ONCE = re.compile(
    _PLEASE + r"(?:(?:show|give|get|list|see|i want|i need|display|make (?:it|that))(?: me| us)? )?"
    r"(?:(?:the|only|just|up to|at least|a|some) )*(?P<more>(?:next|another|other) )?(?:(?:first|top|best) )?"
    rf"(?P<count>\d+|{'|'.join(COUNTS)})"
    r"(?P<of>(?: (?:more|others?|of|them|these|those|results?|people|persons|candidates|freelancers|profiles|jobs|ones"
    r"|per|page|at once|instead|please))*)[ ?!.]*$"
)
"""So many: "show me 10", "the next 5", "10 more"."""
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
_UNNEEDED = r"(?:(?:is|are)(?:n't| not)|not) (?:needed|necessary|required|important)\b"
RELAXES = _any(
    r"(?:drop|remove|delete|forget|ignore|no more|no longer|lift|lose|skip|without|relax|loosen|clear|reset|scrap)\b",
    r"any(?:where)?\b",
    r"(?:get rid of|give up|do away with|take (?:off|out|away))\b",
    r"(?:never ?mind|no matter|regardless of|whatever|wherever|worldwide)\b",
    r"do(?:es)?n'?t (?:care|mind|matter)\b",
    r"(?:not important|irrelevant|no need for)\b",
    _UNNEEDED,
)
NEW = _any(
    r"^(?:(?:now|ok|okay|then|and|please|hi|hello|so|great|thanks|instead|no(?=,)|wait|sorry|well|actually"
    r"|can you|could you|next)[, ]+)*"
    r"(?:find|search|look|looking|i need|i want|i'd like|i would like|we need|we want|need"
    r"|get me|show me|give me|seeking|hiring|wanted"
    r"|(?:i'm|i am|we're|we are) (?:\w+ )?(?:looking|searching|seeking|hiring|after|in need))\b"
)
BEGINS_ANEW = re.compile(r"(?:actually|instead|now|no|wait|sorry)\b")
WORK = _any(
    r"\w*(?:smith|wright|keeper|logist|grapher)s?\b",
    r"(?:developer|designer|engineer|writer|editor|translator|consultant|manager|analyst|assistant|artist|illustrator"
    r"|animator|architect|accountant|lawyer|teacher|tutor|coach|trainer|nurse|driver|electrician|carpenter|plumber"
    r"|painter|cleaner|gardener|chef|cook|baker|guard|operator|technician|mechanic|specialist|expert|freelancer"
    r"|programmer|coder|administrator|moderator|researcher|scientist|recruiter|marketer|planner|tester|producer"
    r"|composer|musician|singer|actor|model|interpreter|transcriptionist|agent|representative)s?\b",
    r"needs? (?:an?|some\w*|help)\b",
    r"looking for\b",
    _PLEASE
    + r"(?:help me )?(?:translate|write|design|build|develop|create|edit|draw|fix|repair|clean|paint|teach|record"
    r"|shoot|test|program|code|set up|migrate|install|proofread|transcribe|illustrate|animate|manage|plan|organi[sz]e"
    r"|research|print|sew|cook) (?:an?|the|my|our|some|\w+s)\b",
)
"""Who is looked for or what is to be done, where nothing of the work is known."""
CHANGING = _any(
    r"(?:also|as well|too|only|just|instead|rather|actually|make (?:that|it)|change|switch|except|but)\b",
    r"(?:ones?|those|them|now with|must|at (?:least|most)|plus|include|exclude|allow|no longer|after all|again)\b",
    r"(?:i (?:mean|meant|said)|changed my mind)\b",
    _PLEASE + r"(?:lower|raise|increase|reduce|decrease|set|put|limit|cap|add|swap|replace|exchange|use|keep)\b",
    r"^(?:and|or|with|not|no|in|from|under|below|over|who|for)\b",
)
PLEASANTRY = _any(r"^(?:hi|hello|hey|thanks?|thank you|great|cool|perfect|ok(?:ay)?|bye|help|what can you do)[ ,!.?]*$")
FACTORS = {"double": 2.0, "twice": 2.0, "triple": 3.0, "halve": 0.5, "half": 0.5}
MULTIPLIED = _any(rf"(?P<factor>{'|'.join(FACTORS)}) (?:the|my|our|that|it)\b")
MOVED = _any(
    r"(?P<verb>raise|increase|lift|bump|up|add|lower|reduce|decrease|cut|drop)\b.* by "
    r"\$?(?P<amount>\d+(?:\.\d+)?) ?(?P<percent>%|percent|per cent)?"
)
"""Limits in numbers that are multiplied, or moved by so much."""
ALSO = _any(r"(?:also|as well|too|add|include|plus|besides|in addition)\b", r"^(?:or|and)\b")
LETS_IN = re.compile(
    r"\b(?:do(?:n't| not)|stop|no longer|not) (?:exclud\w+|rul\w+ out|leav\w+ out)\b|^back to\b", re.IGNORECASE
)
"""Takes back that something was ruled out."""
_ALLOWED = r"\b(?:is|are) (?:fine|ok|okay|good|allowed|welcome)\b"
AGAIN = _any(r"(?:again|after all|allow|let .* back)\b", _ALLOWED, LETS_IN.pattern)
_SAID_OF_IT = re.compile(
    rf"{LETS_IN.pattern}|{_ALLOWED}"
    r"|\b(?:too|also|as well|either|again|after all|then|please|instead|though|allow)\b[,.]?",
    re.IGNORECASE,
)
"""Words about a change, no part of what is asked for."""
"""Says of what was ruled out that it may be."""
CORRECTING = re.compile(
    r"^(?:(?:no|nope|not that|sorry|oops|wait|hm+|argh|well)\b[,. ]*)*(?:i|we)(?:'ve)? (?:just |actually |really )?"
    r"(?:mean|meant|said|changed my mind)\b[:,. ]*|^(?:(?:no|nope|sorry|oops|wait)\b *[,.!:] *)+",
    re.IGNORECASE,
)
"""How a sentence begins that puts right what was said before."""
ONLY = _any(r"(?:only|must|exclusively|strictly)\b")
INSTEAD = _any(r"(?:instead|rather|actually|make (?:that|it)|switch|change (?:it|that|this)|i mean)\b")

_IDLE = frozenset(
    """
    a an the me my us i we for of in to and or only just please now ok okay show find get give need want looking look
    search people person ones one them those these candidates freelancers jobs job work results someone somebody who
    that with is are be hi hello thanks thank you also too as well not no what there today anything new some any it
    again same previous next last other others else different better best worse things thing something list help back
    more all everything everyone first this his her my anybody anyone somebody everybody nobody
    """.split()  # noqa: SIM905
)


def plain(said: str) -> str:
    """In lower case, white space as one space, apostrophes alike."""
    return " ".join(said.lower().replace("’", "'").split())


def asked_for(said: str) -> str:
    """A sentence without the words that only tell how it changes a search.

    >>> asked_for("Spain is fine again, please")
    'Spain'
    """
    return " ".join(_SAID_OF_IT.sub(" ", said).split()).strip(" ,")


def has_words(text: str) -> bool:
    """Whether a text holds a word that names something."""
    return any(word not in _IDLE for word in re.findall(r"[^\W\d_]{2,}", text.lower()))


def ids_in(said: str) -> list[str]:
    """What is written like an id: letters, a joint, and digits."""
    return re.findall(r"\b[A-Za-z]+_[\w-]*\d[\w-]*", said)


def shown_after(text: str, shown: int, most: int) -> int:
    """How many a text asks to show where `shown` are asked for now; five more where it says no number."""
    if asked := SHOWN_AT_ONCE.match(text):
        count = count_in(asked["count"])
        goes_on = asked["more"] or re.search(r"\b(?:more|other)", asked["of"])
        return max(1, min(most, shown + count if goes_on else count))
    if re.search(r"\b(?:all|rest|every\w+)\b", text):
        return most
    return min(most, shown + _A_FEW)
