"""Words that say whom a word beside them describes: roles, peoples' languages, what is no place of anybody."""


def _words(alternatives: str) -> frozenset[str]:
    return frozenset(alternatives.split("|"))


def _with_plurals(alternatives: str) -> frozenset[str]:
    words = alternatives.split("|")
    return frozenset((*words, *(f"{word}s" for word in words)))


SPEAKING = _words(
    "speaking|speaker|speakers|native|natives|fluency|language|fluent|fluently|c1|c2|b2|proficiency|proficient|"
    "mother|skills|level|spoken|required"
)
SPEAKS = _words(
    "speaks|speak|speaking|fluent|native|bilingual|proficient|conversational|good|excellent|strong|perfect|"
    "flawless|spoken|written|in|language|languages|trilingual|multilingual|fluently|advanced|business|solid|decent|"
    "knows|near|idiomatic|great"
)
PRAISE = _words("good|excellent|strong|perfect|in|advanced|business|solid|decent|knows|near|great")
"""Words of SPEAKS that go before much else too: 'good Italian restaurant'."""
_CLIENTS = "client|employer|startup|buyer|customer"
CLIENTS = _with_plurals(_CLIENTS) | _words("company|companies|startups|businesses|agencies|brands")
_OF_WORDS = _with_plurals(
    "copywriter|writer|translator|proofreader|tutor|teacher|narrator|interpreter|transcriber|transcriptionist|"
    "subtitler|voiceover|actor|actress|agent|lyricist|journalist|linguist|instructor|moderator"
)
"""Roles whose work is a language: a French copywriter writes French."""
WORDY = _OF_WORDS | _words(
    "copywriting|copy|writing|content|proofreading|editing|transcription|transcribing|subtitles|subtitling|captions|"
    "captioning|voice|narration|dubbing|dub|support|service|tutoring|teaching|lessons|blog|articles|article|"
    "interpretation|calls|calling|telemarketing|moderation|seo|text|texts|communication|grammar|conversation|"
    "speech|audio|lyrics|transcripts|ebook|newsletter"
)
"""Work that is done in a language."""
_ROLES = (
    "developer|dev|scientist|consultant|manager|editor|tester|freelancer|engineer|coder|programmer|designer|va|"
    "assistant|talent|contractor|candidate|national|citizen|resident|team|professional|animator|illustrator|architect|"
    "analyst|artist|expert|specialist|accountant|bookkeeper|photographer|videographer|lawyer|attorney|marketer|"
    "recruiter|strategist|administrator|admin|producer|composer|musician|singer|vocalist|modeler|modeller|sysadmin|"
    "secretary|receptionist|representative|rep|coach|nurse|doctor|researcher|planner|advisor|adviser|guru|student|"
    "worker|hire|employee|person|guy|girl|man|woman|lady|applicant|individual|pro|technician|operator|"
    "officer|director|lead|intern|junior|senior|drafter|maker|builder|filmmaker|speaker|host|model|retoucher|colorist|"
    "paralegal|therapist|psychologist|physicist|chemist|biologist|economist|statistician|mathematician|geologist|"
    "workforce|persona|member|provider|supplier|vendor|firm|studio|company|client|employer|startup|buyer|customer"
)
PEOPLE = (
    _OF_WORDS
    | _with_plurals(_ROLES)
    | _words("people|folks|men|women|ladies|staff|based|companies|dba|dbas|qa|devops|smes|ones|one|businesses")
)
"""Roles and other words for somebody."""
NEUTRAL = _words(
    "remote|freelance|friendly|female|male|young|skilled|talented|qualified|certified|professional|part|full|time|"
    "long|term|local|cheap|affordable|top|best|tech|web|software|mobile|app|virtual|data|stack|backend|frontend|"
    "front|back|end|ui|ux|graphic|game|video|content|digital|social|media|marketing|sales|support|project|product|"
    "business|machine|learning|cloud|security|lead|creative|technical|based|side|freelancing|independent"
)
"""Words that may stand between a people and a role of theirs: 'Indian freelance web developers'."""
POSTS = _words(
    "posted|hired|run|owned|offered|made|written|by|anything|everything|someone|work|apply|applying|hire|people|living|"
    "live|lives|come|comes|coming|residing|located|applications|applicants|proposals|bids|members|other|countries|"
    "country|place|places|locations|location|more|listed|published"
)
"""Words that a negation passes on its way to a place: 'not posted by clients from'."""
NOT_WHERE = _words(
    "accent|accents|timezone|timezones|time|tz|hours|hrs|market|markets|law|laws|tax|taxes|gaap|english|audience|"
    "audiences|customers|cuisine|food|culture|history|business|office|keyboard|dollar|dollars|dubbing|immigration|"
    "spelling|gdpr|payroll|vat|regulations|regulation"
)
"""After the name of a place: it is not where somebody is."""
NOT_BEFORE = _words("for|about|to|into|onto|with|by|like|vs|versus|against|via|than|as|on|roast|fried|wild|fine|bone")
"""Before the name of a place: it is not where somebody is."""
NOT_SPOKEN_BEFORE = _words("for|about|to|into|onto|like|vs|versus|against|via|than")
"""Before the name of a people: neither where somebody is nor what they speak."""
OF_WHERE = _words("out|outside|side|south|north|east|west|part|parts|citizen|citizens|resident|residents|people|"
                  "nationals|native|natives|anywhere|centre|center|all|any")  # fmt: skip
"""Before 'of' and a place: it is where somebody is."""
CUED = _words(
    "jersey|jordan|chad|georgia|mali|guinea|niger|dominica|polish|man|curacao|reunion|monaco|st lucia|holland|"
    "oceania|iberia|cis|anz|dach|gulf"
)
"""Names that mean a place only beside a word for one, or beside another place."""
THINGS = _words("turkey|china|chile|panama|jordan|georgia|jersey|chad|guinea|cuba|java|brazil|japan|india|polish")
"""Names that are things too where a noun follows: 'turkey recipes', 'India ink'."""
SAFE_CODES = _words(
    "US|UK|GB|PH|PK|BD|UA|PL|RO|NG|BR|MX|NZ|ZA|LK|VN|TH|TR|ES|FR|NL|BE|AT|CH|SE|DK|FI|NO|EE|LT|LV|CZ|SK|HU|BG|HR|"
    "RS|GR|PT|IE|KE|EG|JP|CN|KR|SG|MY|AU"
)
"""Codes of countries that are hardly anything else where they are written in capitals."""
NO_LEVEL = _words(
    "living|citizen|citizens|care|center|centre|centers|housing|home|homes|dog|dogs|high|school|schools|college|prom|"
    "photos|portraits|discount|discounts|day|trip|year|years|class"
)
"""Behind 'senior' or 'junior': it is no level of anybody."""
