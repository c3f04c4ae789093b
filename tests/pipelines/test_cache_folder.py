"""Results of steps are kept for the home that they lie in: a copied home reads none of the home it was copied from."""

import shutil

from metier.settings import Settings
from pipelines.local import cache_folder


def test_a_copied_home_has_a_cache_of_its_own_and_the_same_home_the_same(tmp_path):
    first = Settings(home=tmp_path / "first")
    kept = cache_folder(first) / "step.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    shutil.copytree(first.home, tmp_path / "second")
    assert not cache_folder(Settings(home=tmp_path / "second")).exists()
    assert cache_folder(Settings(home=tmp_path / "first")) == kept.parent


def test_the_cache_lies_where_forgetting_a_person_looks(tmp_path):
    folder = cache_folder(Settings(home=tmp_path))
    assert folder.name == "cache"
    assert folder.is_relative_to(tmp_path / "pipelines")
