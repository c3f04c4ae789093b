import pytest

from tests.components.language.answers.people import taken_apart


def required(question, surface="talent_search"):
    return [requirement.text for requirement in taken_apart(question, surface).requirements]


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who knows React Native?", ["React Native"]),
        ("Which freelancers have worked with Docker and Go?", ["Docker", "Go"]),
        ("Is there anybody in Poland with experience in technical writing?", ["Poland", "technical writing"]),
        ("Does ann know the rules of procedure for C++?", ["rules procedure", "C++"]),
        ("who has built gazebos for finance companies", ["built gazebos", "finance companies"]),
        ("Any projects?", ["projects"]),
    ],
)
def test_what_has_to_be_shown_is_what_does_not_frame_the_question(question, parts):
    assert required(question) == parts


def test_words_that_say_little_need_not_be_shown_beside_others():
    (requirement,) = taken_apart("Who delivered gazebo kits projects?").requirements
    assert [name.terms for name in requirement.names] == [("gazebo", "kit")]


def test_a_role_is_required_where_no_skill_is_listed():
    (requirement,) = taken_apart("Is anyone a React developer?").requirements
    assert (requirement.names[0].terms, requirement.roles) == (("react",), ("develop",))


def test_a_skill_may_be_shown_by_its_other_names():
    (requirement,) = taken_apart("Who does k8s?").requirements
    assert requirement.text == "k8s"
    assert "Kubernetes" in {name.text for name in requirement.names}


def test_words_of_a_skill_neither_frame_nor_cue():
    """Project, management and price say little elsewhere, or ask for pay."""
    assert required("Who does project management?") == ["project management"]
    assert required("Has ann done technical writing for hiring managers?") == ["technical writing", "hiring managers"]


@pytest.mark.parametrize(
    ("question", "fields"),
    [
        ("What does ann charge?", ("hourly_rate_usd",)),
        ("how many hours a week does ann work", ("hours_per_week",)),
        ("Where is bob based?", ("city", "region", "country")),
        ("Which languages does bob speak?", ("languages",)),
        ("What skills does ann's profile list?", ("skills",)),
        ("Tell me about bob", ("title", "skills")),
        ("Who is cheaper, ann or bob?", ("hourly_rate_usd",)),
    ],
)
def test_values_that_are_asked_for(question, fields):
    asked = taken_apart(question)
    assert (asked.fields, asked.requirements, asked.refusal) == (fields, (), None)
    assert asked.named


def test_values_of_jobs_are_those_of_jobs():
    assert taken_apart("What is the budget of j1?", "job_feed").fields == (
        "budget_min_usd", "budget_max_usd", "salary_min_usd", "salary_max_usd",
    )  # fmt: skip
    assert taken_apart("Which company posted j1 and when?", "job_feed").fields == ("company", "posted_at")


def test_a_value_after_its_cue_has_to_stand_there():
    (spoken,) = taken_apart("Who speaks French?").requirements
    assert (spoken.fields, spoken.cue) == (("languages",), "languages")
    (place,) = taken_apart("Who is based in Berlin?").requirements
    assert place.fields == ("city", "region", "country")


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Who does not know PHP?", "absent"),
        ("Which people have never used React?", "absent"),
        ("Who is the cheapest React developer?", "name those to be compared"),
        ("Who are you?", "names nothing"),
        ("What is my rate?", "names nothing"),
        ("?", "names nothing"),
    ],
)
def test_a_question_that_no_text_can_answer_is_refused(question, reason):
    assert reason in (taken_apart(question).refusal or "")


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who knows Spanish or Docker?", ["Spanish or Docker"]),
        ("Who lives in Spain, Norway or Chile?", ["Spain or Norway or Chile"]),
        ("Who knows Go and either Docker or Kubernetes?", ["Go", "Docker or Kubernetes"]),
    ],
)
def test_any_of_what_or_joins_is_enough(question, parts):
    assert required(question) == parts


def test_what_or_joins_stands_under_one_cue():
    (spoken,) = taken_apart("Who speaks Dutch or Danish?").requirements
    assert [each.fields for each in spoken.others] == [("languages",)]
    (either,) = taken_apart("Who speaks Dutch or lives in Oslo?").requirements
    assert [each.fields for each in either.others] == [("city", "region", "country")]


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("How many people know Docker?", "how many there are"),
        ("What is the number of designers in Spain?", "how many there are"),
        ("Count the people in Spain", "how many there are"),
        ("What is the median price of Docker people?", "a figure over all"),
        ("Is ann better than bob?", "a judgement"),
        ("Who would be the ideal person for Docker?", "a judgement"),
        ("Who charges under £30?", "in US dollars"),
        ("Who charges $2000 a month?", "by the hour, not by the month"),
    ],
)
def test_what_no_text_states_is_refused(question, reason):
    assert reason in (taken_apart(question).refusal or "")
