"""What a cached step result depends on besides its arguments: the lake, its language, the code."""

from metier.lake import Lake
from pipelines.local import inputs_digest


def test_another_language_is_another_input(tmp_path):
    lake = Lake(str(tmp_path))
    assert inputs_digest(lake, "en") == inputs_digest(lake, "en")
    assert inputs_digest(lake, "en") != inputs_digest(lake, "de")
