"""A taxonomy on disk and in memory: files, digests, names, relations, and the one of a home."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.language.taxonomy import Skill, Taxonomy, joined, linked_skills, shipped_taxonomy, taxonomy_of
from components.language.taxonomy.homes import skills_file
from metier.errors import ContractError, InputError

WEB = (
    Skill("web", "Web development", category="Software"),
    Skill("js", "JavaScript", ("JS",), "Software", "language", broader=("web", "gone"), related=("html",)),
    Skill("html", "HTML", category="Software", kind="language", broader=("web",)),
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(str.strip)
SKILLS = st.lists(
    st.builds(Skill, TEXTS, TEXTS, st.lists(TEXTS, max_size=2).map(tuple), TEXTS, TEXTS),
    min_size=1,
    max_size=4,
    unique_by=lambda skill: skill.id,
)


def test_relations_are_of_skills_that_are_there():
    taxonomy = Taxonomy(WEB)
    assert taxonomy.relations("js") == {"broader": ("web",), "narrower": (), "related": ("html",)}
    assert taxonomy.relations("web")["narrower"] == ("js", "html")
    assert taxonomy.relations("html")["related"] == ("js",)


def test_a_name_is_found_by_label_alias_or_id_and_nothing_else():
    taxonomy = Taxonomy(WEB)
    assert [taxonomy.find(name) for name in ("java-script", "Java Script", "js", "html", "Java", "")] == [
        "js", "js", "js", "html", None, None,
    ]  # fmt: skip


def test_labels_categories_and_an_unknown_id():
    taxonomy = Taxonomy(WEB)
    assert taxonomy.labels(["html", "js"]) == ("HTML", "JavaScript")
    assert (taxonomy.category("js"), taxonomy.categories, taxonomy.aliases("js")) == (
        "Software",
        ("Software",),
        ("JS",),
    )
    with pytest.raises(InputError, match=r"no skill 'java'; ask Taxonomy\.find"):
        taxonomy.label("java")


@given(SKILLS)
def test_a_saved_taxonomy_is_the_same_one(tmp_path_factory, skills):
    path = tmp_path_factory.mktemp("taxonomy") / "skills.json"
    taxonomy = Taxonomy(skills)
    taxonomy.save(path)
    assert Taxonomy.load(path).skills == taxonomy.skills
    assert Taxonomy.load(path).digest == taxonomy.digest
    assert pickle.loads(pickle.dumps(taxonomy)).digest == taxonomy.digest  # noqa: S301


def test_a_digest_is_of_the_content():
    assert Taxonomy(WEB).digest != Taxonomy(WEB[:2]).digest


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no file of skills: the file"),
        ('{"skills": [{"label": "Java"}]}', r"skills.0.id: Field required; correct it"),
        ('{"skills": []}', "holds no skill; name a file that holds some"),
        ('{"skills": [{"id": "a", "label": " "}]}', "skill 1 of .* has no label; add it"),
        ('{"skills": [{"id": "a", "label": "A"}, {"id": "a", "label": "B"}]}', "has the id 'a' 2 times; keep one"),
    ],
)
def test_a_file_that_is_no_taxonomy_is_refused_by_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "skills.json"
    path.write_text(content)
    with pytest.raises(ContractError, match=message):
        Taxonomy.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ContractError, match=r"none.json cannot be read: No such file or directory; name a file"):
        Taxonomy.load(tmp_path / "none.json")


def test_a_home_has_its_own_taxonomy_or_the_shipped_one(tmp_path):
    assert taxonomy_of(tmp_path) is shipped_taxonomy()
    Taxonomy(WEB).save(skills_file(tmp_path))
    assert len(taxonomy_of(tmp_path)) == 3


def test_texts_that_a_lake_often_uses_as_skills_join_the_shipped_ones(tmp_path):
    taxonomy = joined(taxonomy_of(tmp_path), {"Basket weaving": 3, "pyhton": 2, "PYTHON": 9, "  ": 7})
    assert len(taxonomy) == len(shipped_taxonomy()) + 1
    assert taxonomy.find("basket-weaving") == "basket-weaving"
    imported = Taxonomy(WEB)
    assert joined(imported, {"Basket weaving": 3}) is imported


def test_the_shipped_skills_keep_their_own_rules():
    taxonomy = shipped_taxonomy()
    assert len(taxonomy) >= 600
    for skill in taxonomy.skills.values():
        assert skill.id == "-".join(skill.label.lower().split())
        assert skill.category
        assert skill.kind in {"tool", "language", "platform", "trade"}
        assert {*skill.broader, *skill.related} <= {*taxonomy.skills} - {skill.id}


def test_skills_are_linked_where_none_are_listed():
    words = "Shop in React", "React, k8s and TypeScript; go live in May"
    assert linked_skills(shipped_taxonomy(), *words, []) == ["React", "Kubernetes", "TypeScript"]
    assert linked_skills(shipped_taxonomy(), *words, None) == ["React", "Kubernetes", "TypeScript"]
    assert linked_skills(shipped_taxonomy(), *words, ["Excel"]) == []
