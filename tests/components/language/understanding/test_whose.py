"""Names of places and peoples: whose they are, and what they describe."""

import pytest

from tests.components.language.understanding.reading import GRAMMAR, JOBS, TALENT, limits, region, rest


@pytest.mark.parametrize(
    "text",
    [
        "French toast recipe writer", "Swiss watch photography", "Greek mythology illustrator", "Cuban cigars shop",
        "Danish furniture catalog design", "Brazilian jiu jitsu website", "Egyptian cotton product descriptions",
        "Irish pub menu", "Indian wedding video editor", "Mexican restaurant website", "Thai massage flyer",
        "german shepherd illustration", "polish the UI of my app", "Polish my CV", "please polish and format my deck",
        "jordan sneakers product photos", "chile con carne recipe", "Brazil flag logo", "map of India illustration",
        "Japan travel blog", "a logo about Egypt", "China wholesale sourcing", "Colombia coffee packaging",
        "Georgia Smith recommended you", "good Italian restaurant menu", "history of Turkey ebook",
    ],
)  # fmt: skip
def test_a_name_that_describes_a_thing_is_no_limit_and_stays_in_the_text(text):
    assert limits(text) == {}
    assert text.split()[0] in rest(text) or text[0] in "pagmh"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("react, Germany", "DE"), ("react developer Germany", "DE"), ("Germany react developer", "DE"),
        ("UK copywriter", "GB"), ("US bookkeeper", "US"), ("Ukraine based dev", "UA"), ("German developer", "DE"),
        ("Polish or Czech developers", "PL CZ"), ("Filipino VA", "PH"), ("Philippines friendly, vue", "PH"),
        ("react dev germany under $40/h", "DE"), ("Indian freelance web developers", "IN"),
        ("Ukrainian developers or from Poland", "UA PL"), ("Ukrainians or Poles", "UA PL"), ("Indians only", "IN"),
    ],
)  # fmt: skip
def test_a_name_of_somebody_or_of_a_clause_of_its_own_is_a_place(text, codes):
    asked = limits(text)
    assert asked["countries"] == codes


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("German copywriter", "German"), ("Italian tutor", "Italian"), ("Spanish speaking VA", "Spanish"),
        ("native Polish copywriter", "Polish"), ("good Turkish", "Turkish"), ("Turkish customer support", "Turkish"),
        ("copywriting in Turkish", "Turkish"),
    ],
)  # fmt: skip
def test_a_people_beside_words_of_speech_is_a_language(text, language):
    assert limits(text) == {"languages": (language,)}


def test_a_people_beside_another_place_is_neither():
    assert limits("Spanish VA in Colombia") == limits("French developer based in Colombia") == {"countries": "CO"}


@pytest.mark.parametrize(
    ("text", "surface", "codes"),
    [
        ("I'm in Kenya and want python work", JOBS, ""),
        ("we are from Ukraine, looking for react projects with US clients", JOBS, "US"),
        ("Senior dev from Egypt seeking remote react jobs", JOBS, ""),
        ("My name is Ana, I live in Brazil. Looking for jobs", JOBS, ""),
        ("I currently live in Peru and am after jobs from Canadian companies", JOBS, "CA"),
        ("Ukrainian react developer", JOBS, ""),
        ("clients in Spain looking for seo", JOBS, "ES"),
        ("German clients", JOBS, "DE"),
        ("our office is in Berlin, Germany; need a VA in the Philippines", TALENT, "PH"),
        ("we are a US company looking for react devs in India", TALENT, "IN"),
        ("my shop is in Canada", TALENT, ""),
        ("we're based in Kenya, need a designer from Uganda", TALENT, "UG"),
        ("I am looking for someone from India", TALENT, "IN"),
        ("I'm hiring in Poland", TALENT, "PL"),
        ("I don't live in Kenya but need devs from Kenya", TALENT, "KE"),
        ("CEO of a UK company wants seo", TALENT, ""),
        ("for our clients in India", TALENT, ""),
    ],
)
def test_where_one_is_oneself_is_no_limit(text, surface, codes):
    assert limits(text, surface) == ({"countries": codes} if codes else {})


def test_a_language_of_oneself_is_no_limit():
    assert limits("I speak German and need copywriting work", JOBS) == {}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("designer in West Virginia", ""), ("San Jose, CA", ""), ("Austin, TX, USA", "US"), ("Boise, ID, USA", "US"),
        ("Perth, WA, Australia", "AU"), ("London, ON, Canada", "CA"), ("Paris, Texas", ""), ("Lebanon, Ohio", ""),
        ("designer in New South Wales", ""), ("New Jersey", ""), ("Atlanta, Georgia, USA", "US"),
        ("developer in Georgia", ""), ("developer in Georgia or Armenia", "GE AM"), ("Inner Mongolia", ""),
        ("in DR Congo", "CD"), ("in the Democratic Republic of the Congo", "CD"), ("in Congo-Brazzaville", "CG"),
        ("developer in Congo", "CD CG"), ("Republic of China", "TW"), ("South China Sea map", ""),
        ("designer in CA", ""), ("devs in DE or AT", "DE AT"), ("UK/DE/FR", "GB DE FR"), ("SW England", "GB"),
        ("NE London", ""), ("devs from St. Lucia", "LC"),
    ],
)  # fmt: skip
def test_a_place_inside_of_another_is_not_the_country_of_its_name(text, codes):
    assert limits(text) == ({"countries": codes} if codes else {})


@pytest.mark.parametrize("name", ["S.E. Asia", "south-east asia", "SE Asia"])
def test_points_of_the_compass_are_spelled_in_many_ways(name):
    assert limits(f"vue devs from {name}") == {"countries": region("Southeast Asia")}


@pytest.mark.parametrize("text", ["senior living facility website", "junior high school tutor", "senior citizens app"])
def test_who_is_called_senior_or_junior_otherwise_is_of_no_level(text):
    assert not GRAMMAR.plan(text, TALENT).levels
