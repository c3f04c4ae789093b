"""What a cached step result depends on besides its arguments: the lake, its language, the skills, the code."""

from components.language.taxonomy import Skill, Taxonomy
from components.language.taxonomy.homes import skills_file
from metier.lake import Lake
from metier.settings import Settings
from pipelines.local import inputs_digest


def test_another_language_is_another_input(tmp_path):
    lake = Lake(str(tmp_path))
    english, german = (Settings(home=tmp_path, language=language) for language in ("en", "de"))
    assert inputs_digest(lake, english) == inputs_digest(lake, english)
    assert inputs_digest(lake, english) != inputs_digest(lake, german)


def test_another_taxonomy_is_another_input(tmp_path):
    lake, settings = Lake(str(tmp_path)), Settings(home=tmp_path)
    shipped = inputs_digest(lake, settings)
    Taxonomy([Skill("roofing", "Roofing")]).save(skills_file(settings.taxonomy))
    assert inputs_digest(lake, settings) != shipped
