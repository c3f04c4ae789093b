"""Files of skills as their publishers write them: ESCO, O*NET, and tables of one's own."""

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.importers.taxonomies import import_taxonomy, read_skills
from components.language.taxonomy import Skill, Taxonomy
from components.language.taxonomy.homes import skills_file
from metier.cli.app import app
from metier.errors import ContractError

SHARED = Path(__file__).resolve().parents[4].parent / "shared" / "data"
SKILL = "http://data.europa.eu/esco/skill"
CONCEPTS = f"""\
conceptType,conceptUri,skillType,reuseLevel,preferredLabel,altLabels,hiddenLabels,status,modifiedDate,description
KnowledgeSkillCompetence,{SKILL}/1,knowledge,sector-specific,Python (computer programming),"Python
py, the language",Pithon,released,2026-01-01,"Techniques, and principles"
KnowledgeSkillCompetence,{SKILL}/2,skill/competence,cross-sector,debug software,"fix bugs
repair software",,released,2026-01-01,Repair code
KnowledgeSkillCompetence,{SKILL}/3,knowledge,transversal,gone,,,obsolete,2026-01-01,No more
"""
BROADER = f"""\
conceptType,conceptUri,broaderType,broaderUri
KnowledgeSkillCompetence,{SKILL}/2,SkillGroup,{SKILL}/S5.6.1
KnowledgeSkillCompetence,{SKILL}/2,KnowledgeSkillCompetence,{SKILL}/1
"""
HIERARCHY = f"""\
Level 0 URI,Level 0 preferred term,Level 1 URI,Level 1 preferred term,Level 2 URI,Level 2 preferred term,Level 3 URI
{SKILL}/S,skills,{SKILL}/S5,working with computers,{SKILL}/S5.6,using digital tools,{SKILL}/S5.6.1
"""
RELATED = f"""\
originalSkillUri,originalSkillType,relationType,relatedSkillType,relatedSkillUri
{SKILL}/2,skill/competence,optional,knowledge,{SKILL}/1
"""
TECHNOLOGY = """\
O*NET-SOC Code\tExample\tCommodity Code\tCommodity Title\tHot Technology\tIn Demand
15-1252.00\tStructured query language SQL\t43232306\tDatabase user interface and query software\tY\tY
15-1252.00\tAmazon Web Services AWS software\t43232408\tWeb platform development software\tY\tN
15-1251.00\tStructured query language SQL\t43232306\tDatabase user interface and query software\tY\tN
15-1251.00\tC++\t43232402\tDevelopment environment software\tY\tN
"""
OCCUPATIONS = 'O*NET-SOC Code\tTitle\tDescription\n15-1252.00\tSoftware Developers\tResearch, design "and" more\n'
TITLES = (
    "O*NET-SOC Code\tAlternate Title\tShort Title\tSource(s)\n"
    "15-1252.00\tApplication Integration Engineer\tn/a\t02\n"
    "15-1252.00\tAndroid Software Development Engineer\tAndroid SDE\t09\n"
)
ELEMENTS = (
    "O*NET-SOC Code\tElement ID\tElement Name\tScale ID\tData Value\n"
    "11-1011.00\t2.A.1.a\tReading Comprehension\tIM\t4.12\n"
    "11-1011.00\t2.A.1.a\tReading Comprehension\tLV\t4.75\n"
)


def read(tmp_path, **files):
    """Skills by id of the files, which are named a.csv and so on."""
    paths = [tmp_path / name.replace("_", ".") for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return {skill.id: skill for skill in read_skills(paths).skills}


def test_esco_tables_are_read_together(tmp_path):
    skills = read(tmp_path, a_csv=CONCEPTS, b_csv=BROADER, c_csv=HIERARCHY, d_csv=RELATED)
    assert list(skills.values()) == [
        Skill(f"{SKILL}/1", "Python (computer programming)", ("Python", "py, the language", "Pithon"), "", "knowledge"),
        Skill(
            f"{SKILL}/2", "debug software", ("fix bugs", "repair software"), "working with computers",
            "skill/competence", (f"{SKILL}/1",), (f"{SKILL}/1",),
        ),
    ]  # fmt: skip


def test_an_esco_list_has_one_alternative_label_an_object_or_all_of_them(tmp_path):
    one_each = [
        {"uri": "u/1", "label": "Haskell", "altLabel": "Haskell techniques", "skillType": "knowledge"},
        {"uri": "u/1", "label": "Haskell", "altLabel": "Haskell language", "skillType": "knowledge"},
    ]
    listed = [{"uri": "u/occupation/2", "label": "tester", "altLabel": ["software tester", "QA"]}]
    packed = gzip.compress(json.dumps(one_each).encode())
    skills = read(tmp_path, a_gz=packed, b_json=json.dumps(listed))
    assert skills["u/1"] == Skill("u/1", "Haskell", ("Haskell techniques", "Haskell language"), "", "knowledge")
    assert skills["u/occupation/2"] == Skill("u/occupation/2", "tester", ("software tester", "QA"), "", "occupation")


def test_onet_text_files_are_read_together(tmp_path):
    skills = read(tmp_path, a_txt=TECHNOLOGY, b_txt=TITLES, c_txt=OCCUPATIONS, d_txt=ELEMENTS)
    assert skills["structured-query-language-sql"].aliases == ("Structured query language", "SQL")
    assert skills["amazon-web-services-aws-software"].aliases == (
        "Amazon Web Services AWS", "Amazon Web Services", "AWS",
    )  # fmt: skip
    assert skills["c++"] == Skill("c++", "C++", (), "Development environment software", "tool")
    assert skills["15-1252.00"].label == "Software Developers"
    assert skills["15-1252.00"].aliases[-1] == "Android SDE"
    assert skills["2.A.1.a"] == Skill("2.A.1.a", "Reading Comprehension", kind="field")


def test_a_table_of_ones_own(tmp_path):
    table = "id;label;aliases;category;broader\n;Sheet metal;tin work|tinning;Trades;\nt2;Roofing;;Trades;sheet-metal\n"
    assert list(read(tmp_path, a_csv=table).values()) == [
        Skill("sheet-metal", "Sheet metal", ("tin work", "tinning"), "Trades"),
        Skill("t2", "Roofing", (), "Trades", "", ("sheet-metal",)),
    ]


def test_a_saved_taxonomy_can_be_imported(tmp_path):
    taxonomy = Taxonomy([Skill("a", "A; b|c", ("d;e",), "f", "tool", ("g",)), Skill("g", "G")])
    taxonomy.save(tmp_path / "skills.json")
    assert Taxonomy(read_skills([tmp_path / "skills.json"]).skills).skills == taxonomy.skills


def test_rows_without_what_they_need_are_counted(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,label\nx,X\ny,\nz,"Z\n')
    read = read_skills([path])
    assert ([skill.id for skill in read.skills], read.unread) == (["x"], {str(path): 2})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,description\n1,2\n", "a.csv is no file of skills: its columns are id, description; give skills_en.csv"),
        (BROADER, r"no skill with a label is in .*a.csv \(ESCO broader relations\); give the file of concepts"),
    ],
)
def test_files_without_skills_are_refused(tmp_path, content, message):
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(ContractError, match=message):
        read_skills([path])


def test_an_import_replaces_what_is_there_or_joins_it(tmp_path):
    (tmp_path / "a.csv").write_text("label\nRoofing\nTiling\n")
    (tmp_path / "b.csv").write_text("label,category\nTiling,Trades\nMasonry,Trades\n")
    import_taxonomy(tmp_path / "home", [tmp_path / "a.csv"])
    added = import_taxonomy(tmp_path / "home", [tmp_path / "b.csv"], add=True)
    assert (added.skills, added.categories) == (3, 1)
    assert import_taxonomy(tmp_path / "home", [tmp_path / "a.csv"], check=True).skills == 2
    assert list(Taxonomy.load(skills_file(tmp_path / "home")).skills) == ["roofing", "tiling", "masonry"]
    assert import_taxonomy(tmp_path / "home", [tmp_path / "b.csv"]).skills == 2


def test_the_command_says_what_was_written(tmp_path, monkeypatch):
    monkeypatch.setenv("METIER_HOME", str(tmp_path / "home"))
    (tmp_path / "a.csv").write_text("label,aliases\nRoofing,roofer\n,x\n")
    said = CliRunner().invoke(app, ["import", "taxonomy", str(tmp_path / "a.csv")]).stdout.splitlines()
    assert said[0].endswith("a.csv: a table of skills, 1 rows without what they need or that cannot be read")
    assert "wrote" in said[1]
    assert "1 skills with 2 names in 0 categories" in said[1]


@pytest.mark.skipif(not (SHARED / "esco_taxonomy").exists(), reason="no shared/data/esco_taxonomy beside the checkout")
def test_esco_as_it_is_published():
    folder = SHARED / "esco_taxonomy"
    taxonomy = Taxonomy(read_skills([folder / "esco_s.json.gz", folder / "esco_o.json.gz"]).skills)
    assert len(taxonomy) == 877 + 91
    assert taxonomy.label(taxonomy.find("haskell") or "") == "Haskell"
    with pytest.raises(ContractError, match="is no file of skills"):
        read_skills([folder / "skills.csv"])


@pytest.mark.skipif(not (SHARED / "onet").exists(), reason="no shared/data/onet beside the checkout")
def test_onet_as_it_is_published():
    read = read_skills([SHARED / "onet" / "Occupation Data.txt"])
    assert (len(read.skills), read.skills[0].id, read.skills[0].label) == (1016, "11-1011.00", "Chief Executives")
