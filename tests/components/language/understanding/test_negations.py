"""What is denied, what is denied to be needed, and what two negations come to."""

import pytest

from tests.components.language.understanding.reading import GRAMMAR, JOBS, TALENT, limits, region, rest


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("designers not based in Kenya, Nigeria, Ghana, under $20/h", "KE NG GH"),
        ("vue dev, no one from Russia, Belarus", "RU BY"),
        ("no Indians, Pakistanis or Bangladeshis", "IN PK BD"),
        ("nobody living in Russia, please", "RU"),
        ("designer not residing in China or Vietnam", "CN VN"),
        ("developers who aren't from Ukraine", "UA"),
        ("someone who isn't located in Egypt", "EG"),
        ("anyone who does not come from Nigeria", "NG"),
        ("they must not be based in Kenya", "KE"),
        ("Egypt not accepted", "EG"),
        ("candidates from Vietnam will not be considered", "VN"),
        ("Pakistan and India are excluded", "PK IN"),
        ("developer, Nigeria - no", "NG"),
        ("Brazil is out of the question", "BR"),
        ("no developers from Vietnam", "VN"),
        ("everyone except people from Russia", "RU"),
        ("do not apply if you are from Nigeria", "NG"),
        ("stay away from Russia, please", "RU"),
        ("nor from Russia", "RU"),
    ],
)
def test_places_that_nobody_may_be_in(text, codes):
    assert {"not_countries": codes}.items() <= limits(text).items()
    assert "countries" not in limits(text)


@pytest.mark.parametrize(
    "text",
    ["react, nothing offered by companies from Russia", "react, no clients from Russia", "jobs not in Russia",
     "no projects posted by Russian clients", "react, not hired by people in Russia"],
)  # fmt: skip
def test_clients_that_nobody_wants(text):
    assert limits(text, JOBS) == {"not_countries": "RU"}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("nobody outside Canada", "CA"), ("no candidates outside of Canada", "CA"), ("nothing outside Canada", "CA"),
        ("not anywhere but Canada", "CA"), ("no one except Canadians", "CA"), ("developers, none but Canadians", "CA"),
        ("please don't send me people outside of Canada", "CA"),
    ],
)  # fmt: skip
def test_two_negations_are_none(text, codes):
    assert limits(text) == {"countries": codes}


def test_an_exception_from_what_is_not_wanted_is_no_longer_unwanted():
    excluded = limits("nobody from Asia except Japan")["not_countries"].split()
    assert {*region("Asia").split()} - {*excluded} == {"JP"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no freelancers in Kenya, only Uganda", {"not_countries": "KE", "countries": "UG"}),
        ("agencies: no", {"agencies": False}),
        ("agencies need not apply", {"agencies": False}),
        ("agencies please don't apply", {"agencies": False}),
        ("don't apply if you are an agency", {"agencies": False}),
        ("required: AWS; excluded: Azure", {"not_": ("microsoft-azure",)}),
        ("AWS required, GCP optional, Azure not allowed", {"not_": ("microsoft-azure",)}),
        ("juniors not welcome", {"not_levels": ("entry",)}),
        ("php excluded, laravel required", {"not_": ("php",)}),
        ("not without docker", {}),
        ("no crypto, gambling, adult", {"not_domains": ("crypto",)}),
        ("no agencies from India", {}),
    ],
)
def test_what_else_may_be_denied(text, expected):
    assert limits(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "shouldn't speak German", "doesn't speak Chinese", "no native Hindi speakers", "not fluent in French",
        "no time wasters in India", "no hidden fees please from Peru",
    ],
)  # fmt: skip
def test_what_cannot_be_denied_and_what_is_not_certain_stays_in_the_text(text):
    assert "countries" not in limits(text)
    assert "languages" not in limits(text)


def test_the_negation_stays_beside_what_it_denies():
    assert rest("react, no native Hindi speakers") == "no native Hindi speakers"
    assert rest("react, doesn't speak Chinese") == "doesn't speak Chinese"


@pytest.mark.parametrize("surface", [TALENT, JOBS])
@pytest.mark.parametrize(
    "text",
    [
        "doesn't have to live in Canada", "they don't need to be based in Germany", "not required to be in the UK",
        "no requirement to be in France", "it isn't necessary to be in Spain", "needn't be fluent in Spanish",
        "no need to speak German", "I don't care if India or Brazil", "Canada is not a must",
        "being in Canada is not required", "not only from India", "not limited to Poland", "nobody has to be in Peru",
        "we don't mind agencies", "don't need an agency", "does not have to be available now", "need not be a junior",
        "doesn't have to be full time", "full time isn't required", "regardless of whether in Poland or Romania",
        "countries such as India or Nepal", "not necessarily in Kenya", "we do not insist on English speakers",
    ],
)  # fmt: skip
def test_a_denied_need_is_no_limit_and_stays_in_the_text(text, surface):
    assert limits(text, surface) == {}
    assert all(word in rest(text, surface) for word in text.split() if word[0].isupper() and len(word) > 2)


def test_soft_parts_under_not_only_are_asked_for():
    assert GRAMMAR.plan("not only python but also docker", TALENT).must == ("python", "docker")


@pytest.mark.parametrize("text", ["docker isn't required but a plus", "docker not needed but nice to have"])
def test_what_is_not_needed_may_be_liked(text):
    assert GRAMMAR.plan(text, TALENT).nice == ("docker",)
