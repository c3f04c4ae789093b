"""Sentences and what they ask for: by kind of part, each with the ways people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.language.names.regions import region_countries
from components.language.taxonomy import Skill, Taxonomy
from components.language.understanding import Grammar, Money, Plan
from components.language.understanding.grammar import LONGEST

TAXONOMY = Taxonomy(
    [
        Skill("react", "React", ("ReactJS",)), Skill("react-native", "React Native"), Skill("vue", "Vue.js", ("Vue",)),
        Skill("angular", "Angular"), Skill("python", "Python"), Skill("django", "Django"), Skill("java", "Java"),
        Skill("javascript", "JavaScript", ("JS",)), Skill("docker", "Docker"), Skill("kubernetes", "k8s"),
        Skill("wordpress", "WordPress"), Skill("php", "PHP"), Skill("figma", "Figma"), Skill("seo", "SEO"),
        Skill("copywriting", "Copywriting", ("Copywriter",)), Skill("logo-design", "Logo Design"),
        Skill("translation", "Translation", ("Translator",)), Skill("data-entry", "Data Entry"),
        Skill("web-scraping", "Web Scraping"), Skill("game-development", "Game Development", ("Game Dev",)),
    ]
)  # fmt: skip
GRAMMAR = Grammar(TAXONOMY)
TALENT, JOBS = "talent_search", "job_feed"


def asked(text: str, surface: str = TALENT) -> dict:
    return dict(GRAMMAR.plan(text, surface).asked())


def usd(amount: float) -> Money:
    return Money(amount, "USD")


@pytest.mark.parametrize(
    ("text", "must", "nice", "not_"),
    [
        ("react and vue developer", "react vue", "", ""),
        ("react or vue, not angular", "react vue", "", "angular"),
        ("react (not react native)", "react", "", "react-native"),
        ("anything but wordpress", "", "", "wordpress"),
        ("python w/o django", "python", "", "django"),
        ("no php, wordpress or django please", "", "", "php wordpress django"),
        ("no php, react", "react", "", "php"),
        ("no wordpress python dev", "python", "", "wordpress"),
        ("java but not javascript", "java", "", "javascript"),
        ("python, without php or java, docker", "python docker", "", "php java"),
        ("we do not want php; react", "react", "", "php"),
        ("python, docker is a plus", "python", "docker", ""),
        ("python, ideally with docker and k8s, figma", "python figma", "docker kubernetes", ""),
        ("nice to have: docker, k8s; must have python", "python", "docker kubernetes", ""),
        ("python, docker optional", "python", "docker", ""),
        ("react required, vue preferred", "react", "vue", ""),
        ("bonus points for figma, react", "react", "figma", ""),
        ("react, no python required", "react", "", ""),
        ("react, python not needed", "react", "", ""),
        ("vue and not just react", "vue react", "", ""),
        ("react $40/h, vue ok", "react", "vue", ""),
        ("React instead of Angular", "react", "", "angular"),
    ],
)
def test_what_cues_bear_on_ends_at_the_borders_of_a_clause(text, must, nice, not_):
    plan = GRAMMAR.plan(text, TALENT)
    assert (plan.must, plan.nice, plan.not_) == (tuple(must.split()), tuple(nice.split()), tuple(not_.split()))


@pytest.mark.parametrize(
    ("text", "surface", "expected"),
    [
        ("python under $40/h", TALENT, {"rate_max": usd(40)}),
        ("python 60-80/hr", TALENT, {"rate_min": usd(60), "rate_max": usd(80)}),
        ("python 30€+/h", TALENT, {"rate_min": Money(30, "EUR")}),
        ("python no more than 55 an hour", TALENT, {"rate_max": usd(55)}),
        ("python, ₹400/hour max", TALENT, {"rate_max": Money(400, "INR")}),
        ("python between 20 and 30 dollars an hour", TALENT, {"rate_min": usd(20), "rate_max": usd(30)}),
        ("python £25 p/h", TALENT, {"rate_max": Money(25, "GBP")}),
        ("python hourly rate up to 35 euros", TALENT, {"rate_max": Money(35, "EUR")}),
        ("python under A$50", TALENT, {"rate_max": Money(50, "AUD")}),
        ("python $50", JOBS, {"rate_min": usd(50)}),
        ("python at least 45 usd per hour", JOBS, {"rate_min": usd(45)}),
        ("python budget 2k", TALENT, {"budget_max": usd(2000)}),
        ("python budget 1-2k", TALENT, {"budget_min": usd(1000), "budget_max": usd(2000)}),
        ("python, fixed 1,500 USD", TALENT, {"budget_max": usd(1500), "budget_kind": "fixed"}),
        ("python 50-100 bucks", TALENT, {"budget_min": usd(50), "budget_max": usd(100)}),
        ("python over $500", JOBS, {"budget_min": usd(500)}),
        ("python, nothing above $25 per hour", TALENT, {"rate_max": usd(25)}),
        ("python, not under 30€/h", TALENT, {"rate_min": Money(30, "EUR")}),
        ("python, budget up to ten thousand dollars", TALENT, {"budget_max": usd(10_000)}),
        ("python, fifty bucks an hour", TALENT, {"rate_max": usd(50)}),
        ("python, 500 to 1500", JOBS, {"budget_min": usd(500), "budget_max": usd(1500)}),
        ("python 500 to 1500 pages", JOBS, {}),
        ("python full time, 30 hours a week", TALENT, {"hours_min": 30}),
        ("python, full-time", TALENT, {"hours_min": 40}),
        ("python for $80", TALENT, {"budget_max": usd(80)}),
        ("python, no fixed price", JOBS, {"budget_kind": "hourly"}),
        ("hourly python jobs", JOBS, {"budget_kind": "hourly"}),
        ("python $0.10 per word", TALENT, {}),
        ("python £400/day", TALENT, {}),
        ("python 5+ years, 3 pages", TALENT, {}),
        ("python 20h/week", TALENT, {"hours_min": 20}),
        ("python 30+ hrs/wk", TALENT, {"hours_min": 30}),
        ("python 10-15 hours a week", TALENT, {"hours_min": 10, "hours_max": 15}),
        ("python 20 hours per week", JOBS, {"hours_max": 20}),
        ("python part-time", TALENT, {"hours_max": 20}),
    ],
)
def test_sums_bound_rates_budgets_and_hours(text, surface, expected):
    assert asked(text, surface) == {"must": ("python",), **expected}


@pytest.mark.parametrize(
    ("text", "countries", "not_countries"),
    [
        ("react, India or Ukraine", "IN UA", ""),
        ("US only, react", "US", ""),
        ("react dev based in the UK", "GB", ""),
        ("react phillipines", "PH", ""),
        ("react from Türkiye", "TR", ""),
        ("react, PH/PK", "PH PK", ""),
        ("Ukrainian or Polish react developers", "UA PL", ""),
        ("react dev, Brazilian", "BR", ""),
        ("react outside India", "", "IN"),
        ("react, anywhere but Russia", "", "RU"),
        ("react, not from India, Pakistan or Bangladesh", "", "IN PK BD"),
        ("non-US react", "", "US"),
        ("react with a British accent", "", ""),
        ("react, US timezone", "", ""),
        ("react for the German market", "", ""),
        ("can you help us with react", "", ""),
        ("jersey logo design", "", ""),
        ("react, preferably in Poland", "", ""),
    ],
)
def test_places(text, countries, not_countries):
    plan = GRAMMAR.plan(text, TALENT)
    assert (plan.countries, plan.not_countries) == (tuple(countries.split()), tuple(not_countries.split()))


def test_a_region_is_its_countries_and_an_exception_stays():
    plan = GRAMMAR.plan("react, EU or Latin America but not Poland", TALENT)
    assert plan.countries == (*region_countries("EU"), *region_countries("Latin America"))
    assert plan.not_countries == ("PL",)


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("German speaking copywriter", "German"),
        ("copywriter, fluent in Japanese and Korean", "Japanese Korean"),
        ("native English copywriter", "English"),
        ("copywriter who speaks Brazilian Portuguese", "Portuguese"),
        ("french copywriter", "French"),
        ("copywriter in Arabic", "Arabic"),
        ("English to French translation", ""),
        ("German translator", ""),
        ("polish my copywriting", ""),
        ("no Spanish copywriting", ""),
    ],
)
def test_human_languages(text, languages):
    assert GRAMMAR.plan(text, TALENT).languages == tuple(languages.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("senior react", {"levels": ("expert",)}),
        ("mid to senior react", {"levels": ("intermediate", "expert")}),
        ("lead react developer", {"levels": ("expert",)}),
        ("react lead magnets", {}),
        ("experienced react", {"levels": ("intermediate", "expert")}),
        ("jr. react", {"levels": ("entry",)}),
        ("react, no juniors", {"not_levels": ("entry",)}),
        ("react, no agencies", {"agencies": False}),
        ("react, individuals only", {"agencies": False}),
        ("react, agencies welcome", {}),
        ("react, agencies only", {"agencies": True}),
        ("react for our agency", {}),
        ("react, available now", {"available": True}),
        ("react asap", {"available": True}),
        ("react, fintech or healthcare", {"domains": ("fintech", "healthcare")}),
        ("react, no crypto or gambling", {"not_domains": ("crypto", "gambling")}),
    ],
)
def test_levels_agencies_availability_and_industries(text, expected):
    assert asked(text) == {"must": ("react",), **expected}


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("react jobs posted this week", 7),
        ("react, last 3 days", 3),
        ("react posted today", 1),
        ("react in the past 24 hours", 1),
        ("react, no older than two weeks", 14),
        ("react, last month", 30),
        ("react to start today", None),
    ],
)
def test_how_old_a_post_may_be(text, days):
    assert GRAMMAR.plan(text, JOBS).posted_within_days == days
    assert GRAMMAR.plan(text, TALENT).posted_within_days is None


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("react developer for a shop about whales, India, under $40/h", "developer for a shop about whales"),
        ("friendly React person, no agencies, quick replies", "friendly quick replies"),
        ("React $0.10 per word", "$0.10 per word"),
        ("React", ""),
        ("", ""),
    ],
)
def test_what_is_not_understood_stays_in_its_order(text, left):
    assert GRAMMAR.plan(text, TALENT).text == left


def test_a_long_text_is_read_at_its_beginning():
    text = f"react, India. {'word ' * 200}Ukraine"
    plan = GRAMMAR.plan(text, TALENT)
    assert plan.countries == ("IN",)
    assert len(text) > LONGEST
    assert plan.text.endswith("word Ukraine")


def test_spans_say_which_characters_gave_which_part():
    text = "Ｓenior react, based in ﬁnland, max 40€/h"
    spans = {span.part: text[span.start : span.end] for span in GRAMMAR.plan(text, TALENT).spans}
    assert spans == {"levels": "Ｓenior", "must": "react", "countries": "ﬁnland", "rate_max": "max 40€/h"}


SKILLS = {"react": "react", "Python": "python", "k8s": "kubernetes", "figma": "figma", "SEO": "seo"}
PLACES = {"India": ("IN",), "Ukraine": ("UA",), "the UK": ("GB",), "Benelux": ("BE", "LU", "NL"), "Brazil": ("BR",)}
RATES = {"under $40/h": ("rate_max", usd(40)), "€30+/hr": ("rate_min", Money(30, "EUR")),
         "max 25 usd an hour": ("rate_max", usd(25))}  # fmt: skip
CLAUSES = st.permutations(["skill", "place", "rate", "agencies", "available", "level"])


@given(st.sampled_from(list(SKILLS)), st.sampled_from(list(PLACES)), st.sampled_from(list(RATES)), CLAUSES,
       st.sampled_from([", ", "; ", " - ", ". "]))  # fmt: skip
def test_the_order_of_clauses_and_what_parts_them_do_not_matter(skill, place, rate, order, border):
    clauses = {
        "skill": f"{skill} developer", "place": f"from {place}", "rate": rate, "agencies": "no agencies",
        "available": "available immediately", "level": "senior",
    }  # fmt: skip
    side, money = RATES[rate]
    assert asked(border.join(clauses[name] for name in order)) == {
        "must": (SKILLS[skill],), "levels": ("expert",), "countries": PLACES[place], side: money,
        "available": True, "agencies": False,
    }  # fmt: skip


PIECES = (*SKILLS, *PLACES, *RATES, "no", ",", "or", "is a plus", "(", "é", "-", "ideally", "$", "40", "/", "us", "not",
          "German", "week", "\u0301")  # fmt: skip


@given(
    st.text(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join),
    st.sampled_from([TALENT, JOBS]),
)
def test_any_text_has_a_plan_whose_spans_and_rest_are_its_own(text, surface):
    plan = GRAMMAR.plan(text, surface)
    assert plan == GRAMMAR.plan(text, surface)
    assert isinstance(hash(plan), int)
    for span in plan.spans:
        assert 0 <= span.start < span.end <= len(text)
    rest = iter(text)
    assert all(char in rest for char in plan.text if not char.isspace())
    assert Plan().without(["must"]) == Plan()
