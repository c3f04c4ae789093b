"""The words of searches, by kind: alternatives between bars, words as `tokens` has them (hyphens are spaces).

Skills are the taxonomy's; places and human languages are `components.language.names`; verbs that are denied are
composed in `denials`.
"""

from typing import Any


def _words(alternatives: str) -> frozenset[str]:
    return frozenset(alternatives.split("|"))


PLAIN = {
    "not": "no|non|exclude|excl|excludes|but no|but not|avoid|avoiding|nor|neither|nothing|nobody|nobody from|no one|"
    "noone|no one from|none|none of|none from|not interested in|no interest in|skip|minus|hate|leave out|leaving out|"
    "rule out|filter out|screen out|stay away from|keep away from|steer clear of|far from|sick of|tired of|done with|"
    "not any|no more of|please no|anti|not on|ideally not|preferably not|preferably no|rather not|would rather not",
    "stop": "but|however|although|though|while|because|since|so|;|.|!|?|\n|->|=>|just",
    "break": "for|who|that|which|whose|with|w/|need|needs|needed for|must be|must have|must know|must speak|"
    "looking for|want|wants|wanted for|to|having|has|have|knows|know|knowing|using|prefer to|on",
    "join": "or|and|and or|&|/|+|and/or|und|plus",
    "negative join": "nor|or any|or",
    "comma": ",|:|-|•|·|(|)|[|]",
    "filler": "a|an|the|any|of|from|in|based|based in|located in|living in|person|is|are|be|experience|"
    "experienced in|experience with|experience in|knowledge|knowledge of|skills|skill|skilled in|background|projects|"
    "project|work|jobs|job|stuff|please|pls|who is|who are|at all|kind of|type|some|either|people|folks|candidates|"
    "freelancers from|residents|we|i|i'm|im|i am|someone|somebody|anyone|can|do|does|it|me|you|your|our|my|looking|"
    "hiring|seeking|searching|find|good|great|this|that|someone who can|is a|as a|as|looking to hire|would|will|"
    "should|could|there|here|hi|hello|thanks|thank you|and a|also|then|definitely|really|absolutely|well|truly|who's|"
    "whos|that's|native speaker|native speakers|native level|mother tongue|hey|guys|any good|very|quite",
    "nice": "ideally|ideally with|preferably|preferably with|bonus|bonus for|bonus if|bonus points|bonus points for|"
    "bonus points if|extra points for|points for|nice to have|nice to haves|nice to know|nice if|good to have|"
    "great to have|optional|optionally|plus if|a plus if|plus points for|would be nice|would be great|would be good|"
    "would be ideal|would be a plus|would be a bonus|would be awesome|would be an advantage|would love|would like|"
    "a plus|is a plus|are a plus|as a plus|a big plus|is a big plus|a huge plus|is a huge plus|big plus|huge plus|"
    "a nice plus|a definite plus|is a nice plus|a bonus|is a bonus|are a bonus|as a bonus|preferred|is preferred|"
    "are preferred|preferable|would prefer|prefer|we prefer|preference for|if possible|desirable|is desirable|"
    "an advantage|is an advantage|advantage|advantageous|beneficial|appreciated|is appreciated|welcome|is welcome|"
    "helps|is nice|would help|is optional|are optional|is good|maybe|maybe also|possibly|a nice to have|"
    "is a nice to have|are nice to have|is nice to have|as a nice to have|not required but|not a must|not essential|"
    "nice bonus|ok|okay|is ok|is okay|is fine|fine|is fine too|ok too|also ok|also fine|also welcome",
    "must": "required|is required|are required|a must|is a must|are a must|must|mandatory|is mandatory|essential|"
    "is essential|are essential|needed|is needed|are needed|necessary|requirement|required skills|must haves|"
    "must have|must know|must be|needs to know|has to know|has to be|have to be|have to know|non negotiable|"
    "is non negotiable",
    "unneeded": "not required|not needed|not necessary|not mandatory|isn't required|isn't needed|isn't necessary|"
    "not important|doesn't matter|does not matter|irrelevant|unnecessary|isn't important|isn't a must",
    "open": "anywhere|anyplace|everywhere|elsewhere|worldwide|any country|any location|any place|other countries|"
    "others|another country|other places|remote|remotely|the rest of the world|globally|global|wherever|similar|nearby|"
    "anywhere else|any other country|anywhere in the world|around the world|somewhere else|any language|"
    "any other language|any other|or any language|or any other language|or any country|or any other country|"
    "or any location|or any place|or any other",
    "later": "later|next week|next month|soon|whenever|any time|anytime|flexible",
    "correction": "no wait|wait no|wait|oh wait|sorry|no sorry|sorry no|i mean|i meant|actually|correction|"
    "scratch that|strike that|make that|make it|or rather|oops|my bad|on second thought|no make it|"
    "no make that|no actually|actually no|i mean no",
    "only": "only|exclusively|strictly|solely|nobody but|no one but|none but|nothing but|no other than|none other than|"
    "nobody except|no one except|none except|nothing except|nowhere but|nowhere except|no country but|"
    "no country except|no one other than|nobody other than",
    "about": "around|about|~|approx|approximately|circa|roughly|some",
    "individual": "individuals only|individual only|only individuals|freelancers only|freelancer only|"
    "only freelancers|solo only|solo freelancer|solo freelancers|independent freelancer only|"
    "independent freelancers only|individual freelancer only|individual freelancers only|independents only|"
    "individual contractors only|solo|no middlemen|no middleman|not through an agency|not via an agency|"
    "not an agency|not agency|individual freelancer",
    "agency": "agency|agencies",
    "team": "companies|company|firms|studios|teams|outsourcing companies|outsourcing firms|recruiters",
    "available": "available|available now|available immediately|available right away|available right now|"
    "available asap|available today|available tomorrow|available this week|currently available|immediately|"
    "immediately available|immediate start|immediate availability|start immediately|can start immediately|"
    "can start now|can start today|can start tomorrow|can start this week|can start asap|can start right away|"
    "could start now|able to start now|able to start immediately|start asap|start now|start right away|start today|"
    "start tomorrow|start this week|starting now|starting immediately|starting asap|starting today|"
    "starting this week|right away|asap|right now|urgent|urgently|ready to start|ready to start now|ready now|"
    "free now|open to work|who is available|who are available|must be available|must be available now|"
    "must be available immediately|to start immediately|to start asap|to start now|to start right away|"
    "can begin immediately|can begin now|start immediatly",
    "rate word": "rate|rates|hourly rate|hourly rates|hourly budget|pay rate|hourly pay|charge|charges|charging|"
    "paying|pays",
    "budget word": "budget|budgets|my budget|our budget|project budget|total budget|fixed budget|budget is|budget of|"
    "my budget is|our budget is|total|in total|overall|lump sum|flat|flat fee|fixed fee|price|priced|fixed rate",
}
LEVELS = {
    "entry": "junior|juniors|jr|junior level|entry level|beginner|beginners|novice|newbie|newbies|fresher|"
    "freshers|graduate|graduates|intern|interns|trainee|trainees",
    "intermediate": "mid|mid level|midlevel|intermediate|intermediate level|medior|middle level|mid weight|"
    "midweight|mid tier|intermediates",
    "expert": "senior|seniors|sr|snr|senior level|expert|experts|expert level|seasoned|veteran|"
    "highly experienced|very experienced|top level|highly skilled",
    "intermediate expert": "experienced|mid senior|mid to senior|mid or above|mid level or above|mid and up|"
    "at least mid|at least mid level|at least intermediate|intermediate or above|intermediate or better",
    "entry intermediate": "junior to mid|junior mid",
    "": "lead|principal",
}
"""Levels of the contract, none where only what follows says whether one is meant."""
VALUED: dict[str, dict[Any, str]] = {
    "kind of budget": {
        "fixed": "fixed|fixed price|fix price|fixed priced|fixed cost|fixed sum|fixed price project|"
        "fixed price projects|fixed price job|fixed price jobs|fixed project|fixed projects|fixed jobs",
        "hourly": "hourly|hourly job|hourly jobs|hourly project|hourly projects|hourly contract|hourly contracts|"
        "hourly work|paid by the hour|paid hourly|by the hour|hourly gigs|hourly basis|on an hourly basis|hourly only",
    },
    "hours": {
        (40.0, None): "full time|fulltime|full time only|full timer|ft",
        (None, 20.0): "part time|parttime|part timer|half time",
    },
    "not": {
        "outside": "outside|outside of|without|w/o",
        "except": "except|except for|excluding|other than|apart from|aside from|besides",
        "but": "anything but|anyone but|anybody but|anywhere but|anywhere except|any country but|any country except|"
        "everywhere but|everywhere except|all but|everyone but|everybody but|everyone except|anyone except|"
        "anybody except|anything except|rather than|instead of|any place but",
    },
    "unneeded": {
        "ahead": "no need|no need for|no need of|no need to|no need to be|need not|need not be|needn't|needn't be|"
        "not necessarily|no preference for|no matter|no matter if|no matter whether|regardless of|irrespective of|"
        "whether or not|whether",
        "open": "not only|not just|not exclusively|not strictly|not solely|not merely|not limited to|not restricted to|"
        "not only in|not only from|not just in|not just from|such as|e.g|e.g .|for example|for instance",
    },
    "limit": {
        "max": "no more then|not more then|less then|lower then|cheaper then|under|below|less than|lower than|up to|"
        "upto|max|max .|max of|maximum|maximum of|at most|no more than|not more than|no higher than|not higher than|"
        "no bigger than|not bigger than|"
        "no larger than|not larger than|not over|not above|no over|not exceeding|within|<|<=|≤|cheaper than|"
        "capped at|cap of|doesn't exceed|does not exceed|not to exceed|max rate|max budget|maximum budget|"
        "maximum rate|under the|can't go over|can't pay more than|cannot pay more than|won't pay more than|"
        "fewer than|until|no greater than",
        "min": "more then|higher then|over|above|more than|higher than|greater than|at least|atleast|min|min .|"
        "min of|minimum|minimum of|from|starting at|starting from|>|>=|≥|upwards of|north of|no less than|"
        "not less than|no lower than|not lower than|not below|not under|no under|min rate|minimum rate|min budget|"
        "minimum budget|paying at least|pays at least|paying over|paying more than|better than|exceeding|exceed|"
        "exceeds|beyond",
        "between": "between",
    },
}
NO_SLIPS = _words("hungry|turnkey|senor|reputable|private|polishing|germane|chinos|franc|francs")
"""Words that are no slip of the one they are a letter away from."""
