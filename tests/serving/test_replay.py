"""Served features, rebuilt: equal where rows count from when they were recorded, different where they do not."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from components.importers.logs.endpoint import import_logs
from components.monitoring.replay import replay
from components.privacy.forget import forget
from feature_repo.build.feature_tables import build_all
from feature_repo.client import FeatureStoreClient
from feature_repo.texts import Encoder
from metier.contract import SURFACES, TABLES
from metier.errors import FeatureError
from metier.lake import Lake
from metier.settings import Settings
from serving.request.ranking import RankingRequest
from serving.request.trace import RequestTrace
from tests.serving.versions import JOB, PERSON
from tests.serving.world import ROUTES, UNHURRIED_MS, ids, logged, served, wait_until

ALL = 10_000


@pytest.fixture(scope="module")
def replayed(world, tmp_path_factory):
    """Settings of a home that served before and after clicks and changes, and learned of older ones later."""
    own = world.copy(tmp_path_factory.mktemp("replay") / "home")
    engine = own.engine()
    with served(lambda: engine) as client:
        answers = [client.ranked(ROUTES[surface], own.body(surface)) for surface in SURFACES]
        shown = {surface: ids(answer) for surface, answer in zip(SURFACES, answers, strict=True)}
        changed(own, client, shown)
        wait_until(lambda: engine.follower.sequence > 0 and engine.follower.behind_seconds < 0.1)
        answers += [client.ranked(ROUTES[surface], own.body(surface)) for surface in SURFACES]
        shown_in_all = sum(len(answer["slate"]) for answer in answers)
        wait_until(lambda: len(logged(own.settings.events, "impressions")) == shown_in_all)
        now = engine.now()
    assert {("+" in answer["snapshot_version"]) for answer in answers} == {False, True}
    import_logs(own.lake, own.settings, now)
    own.lake.append("interactions", pa.Table.from_pylist(late(own, shown, now), TABLES["interactions"].schema))
    with pytest.raises(FeatureError, match="2 texts of the lake have no vector; run `metier features build` first"):
        replay(own.settings, ALL)
    build_all(own.lake, own.settings, own.lake.as_of(), Encoder.load())
    return own.settings, shown_in_all


def changed(own, client, shown):
    """Each actor turns to one of its slate, one applies, and one candidate of each slate gets a new title."""
    job, person = shown["job_feed"][0], shown["talent_search"][0]
    acts = [
        {"side": "freelancer", "freelancer_id": own.feed_actor, "job_id": job},
        {"side": "client", "freelancer_id": person, "client_id": own.owner(own.open_jobs[0])},
    ]
    events = [{**act, "kind": "click", "interaction_id": str(number)} for number, act in enumerate(acts)]
    applicant = min(set(own.people) - own.waiting(own.reviewed_job))
    applied = {"side": "freelancer", "freelancer_id": applicant, "job_id": own.reviewed_job, "kind": "apply"}
    events.append({**applied, "interaction_id": "applied"})
    assert client.post("/v1/interactions", {"interactions": events}).json() == {"accepted": 3}
    for table, rows, name in (("jobs", own.jobs, job), ("freelancers", own.people, person)):
        fields = {each.name for each in TABLES[table].columns} - {TABLES[table].key[0]}
        told = {key: value for key, value in rows[name].items() if key in fields and value is not None}
        kept = {key: value for key, value in told.items() if not hasattr(value, "isoformat")}
        assert client.put(f"/v1/{table}/{name}", {**kept, "title": "Another title"}).status_code == 202


def late(own, shown, now):
    """What the actors did two days before the release, and nobody knew before the last slate."""
    clocks = {"event_timestamp": own.as_of - timedelta(days=2), "recorded_at": now + timedelta(hours=1)}
    return [
        {"interaction_id": f"late {name}", "kind": "click", "side": "freelancer", "freelancer_id": own.feed_actor,
         "job_id": name, **clocks}
        for name in shown["job_feed"]
    ]  # fmt: skip


def test_every_served_value_comes_back_although_rows_came_late(replayed):
    settings, shown = replayed
    report = replay(settings, ALL)
    assert report.impressions == shown > 50
    assert (report.mismatches, report.examples) == (0, ())


def test_windows_that_are_online_before_their_candidates_come_back(world, tmp_path):
    """A client looks at the actor, which is materialized; no release follows, so the one of before serves on."""
    own = world.copy(tmp_path / "home")
    look = {"side": "client", "freelancer_id": own.feed_actor, "client_id": own.owner(own.open_jobs[0])}
    engine = own.engine()
    with served(lambda: engine) as client:
        told = {"interactions": [{**look, "kind": "click", "interaction_id": "look"}]}
        assert client.post("/v1/interactions", told).json() == {"accepted": 1}
        wait_until(lambda: len(logged(own.settings.events, "interactions")) == 1)
        now = engine.now()
    import_logs(own.lake, own.settings, now)
    build_all(own.lake, own.settings, own.lake.as_of(), Encoder.load())
    store = FeatureStoreClient(own.settings)
    store.apply()
    store.materialize(own.lake.as_of())
    later = own.engine()
    slate = later.rank(RankingRequest("job_feed", own.feed_actor, k=5), RequestTrace(UNHURRIED_MS))[0]
    wait_until(lambda: len(logged(own.settings.events, "impressions")) == len(slate.entries))
    assert slate.reading["newer_windows"] == {"freelancer_activity": own.lake.as_of().isoformat()}
    now = later.now()
    later.close()
    import_logs(own.lake, own.settings, now)
    build_all(own.lake, own.settings, own.lake.as_of(), Encoder.load())
    report = replay(own.settings, ALL)
    assert report.impressions == len(slate.entries) == 5
    assert (report.mismatches, report.examples) == (0, ())


def test_without_recorded_at_late_rows_make_values_differ(replayed):
    settings, _ = replayed
    report = replay(settings, ALL, as_happened=True)
    assert report.mismatches > 0
    assert "mismatches" in report.render()


def test_who_asks_before_the_replica_followed_its_put_was_served_without_texts_and_that_is_no_skew(world, tmp_path):
    own = world.copy(tmp_path / "home")
    behind, ahead = own.engine(), own.engine()
    behind.follower.close()
    with served(lambda: ahead) as client:
        assert client.put("/v1/jobs/job-new", JOB).status_code == 202
        assert client.put("/v1/freelancers/person-new", PERSON).status_code == 202
        asked = RankingRequest("job_feed", "person-new", k=5)
        at_once = behind.rank(asked, RequestTrace(UNHURRIED_MS))[0]
        named = behind.rank(replace(asked, candidates=["job-new"]), RequestTrace(UNHURRIED_MS))[0]
        shown = len(at_once.entries) + len(named.entries)
        assert [entry.candidate_id for entry in named.entries] == ["job-new"]
        wait_until(lambda: len(logged(own.settings.events, "impressions")) == shown)
        now = max(behind.now(), ahead.now())
    behind.close()
    import_logs(own.lake, own.settings, now)
    build_all(own.lake, own.settings, own.lake.as_of(), Encoder.load())
    report = replay(own.settings, ALL)
    assert (report.impressions, report.mismatches, report.examples) == (shown, 0, ())


@pytest.mark.parametrize("side", ["freelancer", "client"])
def test_what_a_forgotten_person_took_part_in_is_redacted_and_no_skew(replayed, tmp_path, side):
    settings = Settings(home=tmp_path / "home")
    shutil.copytree(replayed[0].home, settings.home, symlinks=True)
    with Lake(settings.lake).connect() as connection:
        (busiest,) = connection.execute(
            f"SELECT {side}_id FROM interactions WHERE {side}_id NOT IN (SELECT actor_id FROM queries "
            f"WHERE snapshot_version IS NOT NULL) GROUP BY ALL ORDER BY count(*) DESC, {side}_id LIMIT 1"
        ).fetchall()[0]
    forget(settings, busiest, datetime.now(UTC))
    report = replay(settings, ALL)
    assert (report.mismatches, report.examples) == (0, ())
    assert 0 < report.redacted < report.values / 4
    assert f"{report.redacted:,} more values were redacted" in report.render()
