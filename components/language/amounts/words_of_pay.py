"""How nine languages say what pay is by, from where to where it goes, and what may stand beside it.

Names of units of time are the Unicode CLDR's; adverbs, cases and trade words, which it has not, are written here.
All words are casefolded, without a full stop behind them.
"""

from functools import cache

from babel.units import format_unit

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru")


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_UNITS = ("hour", "day", "week", "month", "year")
_ADVERBS = {
    "hour": "hourly hour-wage ph p.h stündlich stundenlohn stundensatz horaire orario oraria uurloon uurtarief "
    "p.u godzinowo godzinowa почасовая почасово 時給 时薪",
    "day": "daily diem pd p.d täglich tagessatz taglohn journalier journalière tjm diario diaria diarios "
    "diarias diariamente diário diária giornaliero giornaliera dagelijks dagtarief dziennie dniówka "
    "ежедневно 日給 日薪",
    "week": "weekly pw p.w wöchentlich wochenlohn hebdomadaire hebdo semanal semanales semanais semanalmente "
    "settimanale settimanali wekelijks weekloon tygodniowo еженедельно 週給 周薪",
    "month": "monthly month-salary pm p.m pcm p.c.m monatlich mtl monatsgehalt monatslohn mensuel mensuelle "
    "mensuels mensuellement mensual mensuales mensualmente mensal mensais mensalmente mensile mensili "
    "mensilmente maandelijks maandsalaris miesięcznie ежемесячно 月給 月薪",
    "year": "yearly annual annually annum year-salary pa p.a jährlich jahresgehalt annuel annuelle annuels "
    "annuellement anual anuales anuais anualmente annuo annui annuale ral jaarlijks jaarsalaris p.j "
    "rocznie ежегодно 年収 年俸 年薪",
    "fortnight": "biweekly bi-weekly fortnightly zweiwöchentlich quincenal quincenales quinzenal tweewekelijks "
    "quattordicinale",
    "half month": "semimonthly semi-monthly bimonthly bi-monthly",
    "quarter": "quarterly vierteljährlich trimestriel trimestral trimestrale kwartalnie ежеквартально",
    "project": "pauschal pauschale festpreis forfait forfaitaire ryczałt",
}
"""Words that name a period wherever they stand."""
_NOUNS = {
    "hour": "hr hrs std stunde uren godzinę godzinie часу 時間 時 时 小时",
    "day": "journée journee dia giornata dobę dniu смену смена 日 天",
    "week": "wk wks sett tygodniu неделю неделе нед 週 周",
    "month": "mo mth mths mnd mies mc месяце мес 月",
    "year": "yr yrs année ano anos roku año rok году 年",
    "fortnight": "fortnight quincena quinzaine quinzena",
    "half month": "half-month",
    "quarter": "quarter quartal trimestre kwartaal kwartał квартал",
    "minute": "minute minutes mins",
    "project": "project gig projekt projet proyecto projeto progetto проект",
}
"""Words that name a period behind 'per', or next to a sum."""
_SHORT = {
    "hour": "h u ч", "day": "d j g t", "week": "w", "month": "m", "year": "y an a j. г", "minute": "min",
    "project": "job contract",
}  # fmt: skip
"""Words that name a period behind a stroke or 'per' only."""
STRONG = _words("/ p/ per each every pro par por je cada chaque ogni elke za за")
"""What stands before that which is paid for, be it a time or a piece."""
WEAK = _words(
    "a an the by in of im am der die das pro la le les el los il lo al alla all l d de du des del au à ao o na no het "
    "w we на в во"
)
"""What may stand before a time."""
PAY = _words(
    "rate pay wage wages salary price fee compensation gehalt lohn satz honorar vergütung salaire rémunération taux "
    "tarif prix salario sueldo pago tarifa precio presupuesto salário remuneração valor preço orçamento stipendio "
    "compenso retribuzione tariffa prezzo salaris loon vergoeding tarief prijs wynagrodzenie pensja stawka cena "
    "budżet płaca зарплата оплата ставка бюджет цена доход оклад 給与 報酬 薪资"
)
"""Names of pay."""
LABELS = PAY | _words(
    "est estimated estimate fixed budget hourly approx approximately about around circa ca base total range starting "
    "ungefähr etwa environ aproximadamente około примерно около"
)
"""What may stand beside a number even where it names no currency."""
NOTES = _words(
    "for offer offered offers posted employer client company board provided usd us usa u.s dollar dollars currency "
    "only firm flat amount sum initial value cost package cash doe doq depending depends dependent on experience "
    "experienced skill skills location based negotiable competitive gross net before after tax taxes vat excl "
    "excluding incl including inclusive remote onsite full part time full-time part-time fulltime parttime contract "
    "freelance paid expert entry junior mid intermediate senior level plus with w c2c corp fixed-price less more than "
    "not no max min pay verhandelbar brutto netto bruto neto brut lordo lordi netti ht ttc negociable négociable à "
    "convenir сша руки вычета налогов"
)
"""What may stand beside a sum in a named currency."""
EXTRAS = _words("bonus bonuses equity stock options commission commissions tips benefits perks")
"""What may be paid besides; '$5,000 bonus' is no pay."""

BETWEEN = "between|zwischen|entre|tra|fra|tussen|między|между"
TO = "to|till|until|through|thru|bis zu|bis|à|jusqu'à|a|al|hasta|até|fino a|tot|do|до|по"
AND = "and|&|und|et|y|e|ed|en|i|и"
OR = "or|oder|ou|o|of|lub|или"
OPENERS = "from|von|de|du|desde|da|dal|van|vanaf|od|от|с|ab"
"""What stands before the lower end of a range."""
BEFORE = {
    "low": "from|starting at|starting from|min|minimum|at least|over|above|more than|no less than|"
    "not less than|not under|not below|>=|>|≥|ab|mindestens|mind|über|mehr als|nicht weniger als|"
    "nicht unter|à partir de|dès|au moins|plus de|pas moins de|au minimum|desde|a partir de|al menos|"
    "más de|mínimo|como mínimo|no menos de|pelo menos|mais de|não menos de|da|a partire da|almeno|"
    "minimo|più di|oltre|non meno di|vanaf|minstens|minimaal|meer dan|boven|niet minder dan|od|"
    "co najmniej|powyżej|ponad|więcej niż|nie mniej niż|от|не менее|не меньше|не ниже|минимум|свыше|"
    "более|больше|выше",
    "high": "up to|upto|max|maximum|under|below|at most|less than|no more than|not more than|not over|"
    "not above|<=|<|≤|bis zu|bis|maximal|höchstens|unter|weniger als|nicht mehr als|jusqu'à|au plus|"
    "au maximum|moins de|pas plus de|hasta|máximo|como máximo|menos de|no más de|até|no máximo|"
    "não mais de|fino a|massimo|al massimo|meno di|non più di|tot|hoogstens|maximaal|onder|minder dan|"
    "niet meer dan|do|maksymalnie|maks|maksimum|poniżej|mniej niż|nie więcej niż|najwyżej|до|не более|"
    "не больше|не выше|максимум|менее|меньше|ниже",
}
"""Which end of a range the sum behind these words is."""
BEHIND = {
    "low": r"\+(?!\s*[^\W\d_])|and up|& up|and above|and more|and over|and higher|or up|or above|or more|"
    "or over|or higher|min|minimum|minimal|oder mehr|und mehr|et plus|ou plus|o más|y más|ou mais|"
    "e mais|o più|e oltre|of meer|en meer|lub więcej|i więcej|или больше|или более|и больше|и более|"
    "и выше|mínimo|minimo|минимум|以上|から",
    "high": "and below|and less|and under|or below|or less|or under|or lower|max|maximum|at most|tops|cap|"
    "oder weniger|maximal|ou moins|o menos|y menos|ou menos|o meno|of minder|maximaal|lub mniej|maks|"
    "или меньше|или менее|и ниже|и меньше|máximo|massimo|максимум|以下|まで",
}
"""Which end of a range the sum before these words is."""


@cache
def adverbs() -> dict[str, str]:
    """From word to period, of words that name one wherever they stand."""
    return _by_word(_ADVERBS)


@cache
def nouns() -> dict[str, str]:
    """From word to period, of words that name one behind 'per' or next to a sum."""
    cldr = {
        _word(format_unit(number, f"duration-{unit}", length, locale=language)): unit
        for unit in _UNITS
        for language in LANGUAGES
        for length in ("long", "short")
        for number in (1, 2, 5, 1.5)
    }
    return {word: unit for word, unit in cldr.items() if len(word) > 2 or word == "ч"} | _by_word(_NOUNS)


@cache
def units() -> dict[str, str]:
    """From word to period, of all words that name one behind a stroke or 'per'."""
    return _by_word(_SHORT) | nouns() | adverbs()


def _word(counted: str) -> str:
    return "".join(mark for mark in counted if mark.isalpha() or mark == "-").casefold()


def _by_word(words: dict[str, str]) -> dict[str, str]:
    return {word: period for period, listed in words.items() for word in listed.split()}
