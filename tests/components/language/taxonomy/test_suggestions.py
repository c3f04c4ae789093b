"""What is suggested for the beginning of a text: first words first, then by use, one slip let pass."""

from hypothesis import given
from hypothesis import strategies as st

from components.language.taxonomy import Skill, Suggestion, Suggestions, Taxonomy, Used

TAXONOMY = Taxonomy(
    [
        Skill("javascript", "JavaScript", ("JS",)),
        Skill("java", "Java"),
        Skill("kubernetes", "Kubernetes", ("k8s",)),
        Skill("logo-design", "Logo design"),
    ]
)
USED = Used(
    skills={"JavaScript": 5, "js": 2, "Java": 3, "unheard of": 9},
    titles={"Senior Java Developer": 4, "senior java developer": 1, "Logo designer": 2},
    places={"Jakarta": 1, "São Paulo": 2},
)


def offered(query, limit=8):
    return [each.text for each in Suggestions.of(TAXONOMY, USED).starting(query, limit)]


def test_the_most_used_comes_first_and_a_skill_that_was_typed_whole_before_all():
    assert offered("jav") == ["JavaScript", "Java", "Senior Java Developer"]
    assert offered("java")[0] == "Java"
    assert offered("jav", 1) == ["JavaScript"]


def test_a_first_word_comes_before_an_alias_and_a_later_word_however_often_those_are_used():
    taxonomy = Taxonomy([Skill("react", "React"), Skill("proofreading", "Proofreading", ("reading drafts",))])
    used = Used(skills={"React": 1, "Proofreading": 7}, titles={"Senior React developer": 5})
    found = [each.text for each in Suggestions.of(taxonomy, used).starting("rea", 8)]
    assert found == ["React", "Proofreading", "Senior React developer"]


def test_every_word_of_the_query_begins_a_word():
    assert offered("des lo") == ["Logo designer", "Logo design"]
    assert offered("logo jav") == []


def test_an_alias_offers_its_skill_and_a_text_is_offered_once():
    assert Suggestions.of(TAXONOMY, USED).starting("k8", 8) == [
        Suggestion("Kubernetes", "skill", 0, "kubernetes", "k8s")
    ]
    assert offered("j").count("JavaScript") == 1


def test_a_label_is_offered_once_whatever_of_its_names_were_begun_or_mistyped():
    names = ("nodejs", "Node JS", "node runtime", "nodes js")
    taxonomy = Taxonomy([Skill("node", "Node.js", names), Skill("node-2", "node.js", ("node two",))])
    for query in ("node", "nodes", "nodej", "nod"):
        assert [each.text for each in Suggestions.of(taxonomy, Used()).starting(query, 8)] == ["Node.js"]


def test_use_is_added_over_spellings():
    (title, *_) = (each for each in Suggestions.of(TAXONOMY, USED).starting("senior", 8))
    assert (title.text, title.used) == ("Senior Java Developer", 5)
    (skill, *_) = Suggestions.of(TAXONOMY, USED).starting("javascript", 8)
    assert skill.used == 7


def test_one_letter_may_be_wrong_behind_the_first_in_more_than_three():
    assert offered("kuberntes") == ["Kubernetes"]
    assert offered("jvaascript") == ["JavaScript"]
    assert offered("senoir jav") == ["Senior Java Developer"]
    assert offered("jkv") == []
    assert offered("xubernetes") == []


def test_accents_case_and_styled_letters_are_compared_as_everywhere():
    assert offered("SÃO p") == ["São Paulo"]
    assert offered("ｊａｋ") == ["Jakarta"]


@given(st.text(max_size=30), st.integers(1, 5))
def test_whatever_is_typed_there_are_at_most_as_many_as_asked_for(query, limit):
    found = Suggestions.of(TAXONOMY, USED).starting(query, limit)
    assert len(found) <= limit
    assert len({(each.kind, each.text) for each in found}) == len(found)
