"""The champion on its way between steps."""

from components.evaluation.champion import Champion
from components.releases import RegisteredBundle
from components.releases.aliases import pinned


def test_a_pin_is_read_as_it_was_told():
    assert pinned("metier_job_feed 12 bb") == RegisteredBundle("metier_job_feed", 12, "bb")
    assert pinned("") is None


def test_a_champion_that_reads_other_features_is_no_ranker():
    assert Champion("job_feed-1234", None).rankers == {}
