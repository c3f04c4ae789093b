"""What a surface may declare about its exploration."""

import pytest

from metier.errors import SettingsError
from metier.exploration import Exploration
from metier.settings import load_settings


def test_nothing_explores_unless_it_is_declared(monkeypatch):
    monkeypatch.delenv("METIER_EXPLORATION", raising=False)
    assert load_settings().exploration == {}


def test_each_surface_declares_its_own(monkeypatch):
    monkeypatch.setenv("METIER_EXPLORATION", '{"job_feed": {"share": 0.05, "slot": 5}, "talent_search": {"depth": 10}}')
    declared = load_settings().exploration
    assert declared["job_feed"] == Exploration(share=0.05, depth=100, slot=5)
    assert declared["talent_search"] == Exploration(share=0.0, depth=10)


@pytest.mark.parametrize(
    "declared",
    [
        '{"job_feed": {"share": 1.5}}',
        '{"job_feed": {"depth": 1}}',
        '{"job_feed": {"slot": 0}}',
        '{"job_feed": {"chance": 0.1}}',
        '{"home_page": {"share": 0.1}}',
        "a tenth",
    ],
)
def test_what_cannot_be_declared_is_refused_by_the_name_of_the_variable(monkeypatch, declared):
    monkeypatch.setenv("METIER_EXPLORATION", declared)
    with pytest.raises(SettingsError, match=r"METIER_EXPLORATION.* cannot be used"):
        load_settings()
