"""Which skills a text names: the longest name, its versions and slips, look-alikes, and words that are no names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.language.taxonomy import Skill, Taxonomy, shipped_taxonomy
from metier.texts.canonical import canonical


def named(text, taxonomy=None):
    """[(label, what of the text names it)] in the order of the text."""
    taxonomy = taxonomy or shipped_taxonomy()
    return [(taxonomy.label(m.skill_id), text[m.start : m.end]) for m in taxonomy.mentions(text)]


def labels(text):
    return [label for label, _ in named(text)]


def test_the_longest_name_is_meant():
    assert named("React Native and React") == [("React Native", "React Native"), ("React", "React")]
    assert labels("We use ASP.NET Core, not only .NET") == ["ASP.NET", ".NET"]
    assert labels("children's book illustration") == ["Book illustration"]


@pytest.mark.parametrize("written", ["Node.js", "node js", "NodeJS", "node-js", "NODE.JS"])
def test_a_name_is_the_same_however_its_words_are_joined(written):
    assert named(f"some {written} work") == [("Node.js", written)]


@pytest.mark.parametrize(
    ("text", "label", "span"),
    [
        ("Python 3 developer", "Python", "Python 3"),
        ("in python3.11 or newer", "Python", "python3.11"),
        ("Angular 2+ apps", "Angular", "Angular 2+"),
        ("for iOS 17 devices", "iOS development", "iOS 17"),
        ("Vue3 frontend", "Vue.js", "Vue3"),
        ("C# 7.0 and up", "C#", "C# 7.0"),
        ("C++17 code", "C++", "C++17"),
        ("Python 3 years", "Python", "Python"),
        ("PHP 500/hr", "PHP", "PHP"),
        ("Python, 3 years", "Python", "Python"),
    ],
)
def test_a_version_belongs_to_its_tool_and_years_do_not(text, label, span):
    assert named(text)[0] == (label, span)


def test_two_little_words_are_no_name():
    assert labels("I am looking for a designer") == labels("iam looking for a designer") == []
    assert labels("IAM engineer") == ["Identity and access management"]


@pytest.mark.parametrize("text", ["react under $40/h", "React, over 40€/h", "react at least $30", "react up to $30"])
def test_a_sum_behind_a_name_makes_no_verb_of_it(text):
    assert labels(text) == ["React"]
    assert labels("who can react under pressure") == []


def test_look_alikes_are_told_apart():
    assert labels("Java, JavaScript") == ["Java", "JavaScript"]
    assert labels("C, C# and C++ programming") == ["C", "C#", "C++"]
    assert labels("C#/.NET") == ["C#", ".NET"]
    assert labels("java script") == ["JavaScript"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k8s, JS, golang", ["Kubernetes", "JavaScript", "Go"]),
        ("an accountant who knows QuickBooks Online", ["Accounting", "QuickBooks"]),
        ("graphic designers for logos", ["Graphic design", "Logo design"]),
        ("optimisation of search engines: search engine optimisation", ["SEO"]),
        ("3D modelling", ["3D modeling"]),
        ("#MachineLearning e commerce", ["Machine learning", "E-commerce management"]),
        ("mergers & acquisitions, R&D", ["Mergers and acquisitions"]),
    ],
)
def test_aliases_plurals_and_spellings(text, expected):
    assert labels(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "You excel at teamwork and want to go the extra mile for the rest of us.",
        "Ready to react quickly? Express your interest; access to our word of mouth.",
        "From $20/hr. The order of vitamin C comes in 50 ml bottles, C-level people decide.",
        "Compensation: we are hiring, and it will make you go far. Go to our site now, please, and see.",
        "They translate needs into plans, driving growth and mastering the art of tailor made things.",
    ],
)
def test_words_are_no_names(text):
    assert labels(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Experience with React and TypeScript", ["React", "TypeScript"]),
        ("Strong excel skills are needed for this long project of ours", ["Microsoft Excel"]),
        ("excel word powerpoint", ["Microsoft Excel", "Microsoft Word", "Microsoft PowerPoint"]),
        ("All of the services that we have so far are written in Go and deployed daily", ["Go"]),
        ("Statistics in R or Python for a long project with many other people", ["Statistics", "R", "Python"]),
        ("a React-based page for our small shop in the middle of the old town", ["React"]),
        ("senior react dev, India, under $40/h", ["React"]),
        ("R", ["R"]),
    ],
)
def test_an_ambiguous_name_is_meant_where_something_says_so(text, expected):
    assert labels(text) == expected


def test_a_name_of_a_tool_and_of_a_trade_is_the_tools_where_something_says_so():
    assert labels("The book needs an illustrator who has drawn many cats and dogs before this one") == ["Illustration"]
    assert labels("Photoshop, Illustrator") == ["Adobe Photoshop", "Adobe Illustrator"]


def test_what_stands_between_words_of_a_name():
    taxonomy = Taxonomy([Skill("1", "React Native"), Skill("2", "native apps")])
    assert named("React, Native apps", taxonomy) == [("native apps", "Native apps")]
    assert named("- React\n- Native apps", taxonomy) == [("native apps", "Native apps")]
    assert named("React/Native", taxonomy) == [("React Native", "React/Native")]


def test_positions_are_of_the_text_as_it_was_given():
    assert named("Java™ & ＰＹＴＨＯＮ, ｃ♯") == [("Java", "Java"), ("Python", "ＰＹＴＨＯＮ"), ("C#", "ｃ♯")]


def test_of_two_owners_of_a_name_the_one_whose_label_it_is_counts():
    taxonomy = Taxonomy([Skill("a", "Postgres tuning", ("Database",)), Skill("b", "Database")])
    assert taxonomy.find("database") == "b"
    assert taxonomy.mentions("a database")[0].skill_id == "b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a pyhton developer", ["Python"]),
        ("javscript, kuberntes and photshop", ["JavaScript", "Kubernetes", "Adobe Photoshop"]),
        ("graphc desing for a small shop", ["Graphic design"]),
        ("recat developer", ["React"]),
        ("senoir acounting expert", ["Accounting"]),
    ],
)
def test_one_slip_in_a_word_of_five_letters_is_mended(text, expected):
    assert labels(text) == expected
    assert not shipped_taxonomy().mentions(text)[0].exact


@pytest.mark.parametrize("text", ["a reach developer", "singular", "jva", "the colon of a paragraph", "xython"])
def test_a_word_of_english_a_short_word_and_another_first_letter_are_no_slips(text):
    assert labels(text) == []


def test_a_slip_of_either_of_two_names_is_of_neither():
    taxonomy = Taxonomy([Skill("1", "Flasko"), Skill("2", "Flaskx")])
    assert taxonomy.mentions("flaskq") == ()
    assert [mention.exact for mention in taxonomy.mentions("Flasko flaskx")] == [True, True]


NAMES = sorted({name for skill in shipped_taxonomy().skills.values() for name in (skill.label, *skill.aliases)})


@given(
    st.lists(st.one_of(st.sampled_from(NAMES), st.text(max_size=12)), max_size=8), st.sampled_from([" ", ", ", "\n"])
)
def test_mentions_stand_in_order_and_never_overlap(parts, between):
    text = between.join(parts)
    end = 0
    for mention in shipped_taxonomy().mentions(text):
        assert end <= mention.start < mention.end <= len(text)
        assert mention.skill_id in shipped_taxonomy()
        end = mention.end


@given(st.sampled_from(NAMES))
def test_every_name_of_a_skill_is_found_and_named_by_itself(name):
    taxonomy = shipped_taxonomy()
    assert taxonomy.find(name) is not None
    (mention,) = taxonomy.mentions(name)
    assert (mention.start, mention.end) == (0, len(canonical(name)))
    assert mention.exact
