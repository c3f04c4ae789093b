"""Words of English questions by what they do there: frame it, name a value, name a role, or say little.

Knows no question. (Texts in other languages are searched by questions whose frame is English.)
"""

from components.language.answers.shown import PLACE

PAY = ("hourly_rate_usd", "budget_min_usd", "budget_max_usd", "salary_min_usd", "salary_max_usd")
FIELDS_OF_CUE = {
    "pay": PAY,
    "place": PLACE,
    "languages": ("languages",),
    "level": ("experience_level",),
    "hours": ("hours_per_week",),
    "skills": ("skills",),
    "title": ("title",),
    "category": ("category",),
    "company": ("company",),
    "industry": ("industry",),
    "openings": ("openings",),
    "posted": ("posted_at",),
}
"""Columns that a cue asks for."""
GOVERNING = ("pay", "place", "languages", "company", "industry")
"""Cues after which a value may follow that has to be found there: "speaks French"."""
PEOPLE_ONLY, JOBS_ONLY = ("hours",), ("company", "industry", "openings", "posted")


def words(text: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(text.split())


CUE_OF_WORD = {
    **dict.fromkeys(words("charge charges charging cost costs rate rates hourly price prices priced pricing"), "pay"),
    **dict.fromkeys(words("pay pays paid paying budget budgets salary cheap cheaper cheapest expensive"), "pay"),
    **dict.fromkeys(words("earn earns earned fee fees wage wages"), "pay"),
    **dict.fromkeys(words("where located location based live lives living country city region town"), "place"),
    **dict.fromkeys(words("language languages speak speaks spoken speaking"), "languages"),
    **dict.fromkeys(words("level seniority"), "level"),
    **dict.fromkeys(words("hours availability"), "hours"),
    **dict.fromkeys(words("skill skills"), "skills"),
    **dict.fromkeys(words("title headline profession occupation"), "title"),
    "category": "category",
    **dict.fromkeys(words("company employer"), "company"),
    "industry": "industry",
    "openings": "openings",
    "when": "posted",
}
LINKS = words("a about an around at from in include includes including of the to")
"""What may stand between a cue and its value."""
WITHIN = words("a an of our the this your")
"""What may stand within words that belong together: "terms of service"."""
FRAME = LINKS | words(
    """
    able acquainted actually adept advertise advertises ago all already alright also am among and another any
    anybody anyone anything anywhere applicant applicants are as ask asking asks assume be been behind being believe
    belong belongs best between both bring brings but by can candidate candidates capable claim claims comfortable
    compare compared competent confident could cover covered covers currently day deal deals did difference do does
    doing done each either else ever every everybody everyone experience familiar feature features find fluent focus
    focuses for freelance freelancer freelancers get give good got great guarantee guarantees guess had handy happen
    happens has have he hear hello her here hey hi him hire his hour how i if include included includes including
    interested interesting into involve involved involves involving is it its job jobs kind know knowing knowledge
    known knows like list lists long look looking made make makes many master masters may maybe me mention mentioned
    mentions might month more much my myself need needed needs now offer offering offers often on one ones or other
    others our out over part people per perhaps person please post posted postings posts proficient profile profiles
    promise promises promising qualified really recommend require required requires run runs s savvy say says search
    searching see seek seeks seem seems she should show shows skilled skillful so some somebody someone something
    sort specialise specialised specialises specialize specialized specializes state states strong such suggest
    supply suppose tackle take taken takes talent talk talking talks tell than thanks that their them then there
    these they think this those through today together touch touched trained try under understand understands us use
    used uses using versed versus very vs want wants was we were what when whether which who whom whose will with
    wonder wondering work worked working works would year years you your
    """
)
"""Words that say how is asked, not what."""
COMPARATIVE = words("cheaper cheapest fewest higher highest least less lower lowest most")
"""Words that ask for an order."""
ROLES = words(
    """
    consultant consultants designer designers developer developers engineer engineers expert experts programmer
    programmers professional professionals specialist specialists
    """
)
"""Words that the entry of a skill leaves out: a "React developer" may list React."""
BEFORE = words(
    """
    advise advised build building builds built create created creates deliver delivered delivers done handle handled
    handles helped helping helps lead leads led manage managed manages perform performed provide provided provides
    ran wrote write writes
    """
)
"""Verbs before what was done, which a text may say with another one: "built dashboards"."""
AFTER = words(
    """
    available background business businesses clients coming companies company firm firms hire hired hiring job jobs part
    practice project projects role roles skills task tasks team teams work
    """
)
"""Words after what is asked for, which say little: "Terraform projects"."""
