"""The snapshot holds what the online store answers, and says who may be shown of what it does not hold."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from components.releases.candidate_rows import CandidateRows
from components.training_sets.assemble import applications
from feature_repo.client import FeatureStoreClient
from feature_repo.files.mapped import write_array
from feature_repo.hydrate import candidate_features
from feature_repo.inputs.encoded import CandidateColumns, QueryColumns
from feature_repo.inputs.transforms import pair_matrix
from metier.contract import SURFACES
from metier.errors import UnknownNameError
from metier.surfaces import surface_spec
from serving.candidates.online import read_online
from serving.candidates.snapshot import CandidateSnapshot, eligibility_of
from serving.request.ranking import RankingRequest
from tests.serving.online import require_equal


@pytest.fixture(scope="module")
def store(world):
    return FeatureStoreClient(world.settings)


@pytest.mark.parametrize("surface", SURFACES)
def test_every_stored_value_equals_the_online_store_nulls_included(world, engine, store, surface):
    snapshot = engine.stages[surface].snapshot
    assert require_equal(snapshot, store.serving_features, world.as_of) > 2_500
    held = snapshot.values(
        snapshot.ids, [name for name in snapshot.release.candidates.features.column_names if "__" in name]
    )
    kinds = {str(field.type) for field in held.schema}
    assert {"string", "float", "list<item: string>", "timestamp[us, tz=UTC]"} <= kinds
    assert sum(column.null_count for column in held.columns) > 0


def test_values_come_in_the_order_that_is_asked(engine):
    snapshot = engine.stages["job_feed"].snapshot
    first, second = snapshot.ids[:2]
    columns = ["job_profile__title", "job_activity__clicks_7d"]
    table = snapshot.values([second, "nobody", first, second], columns)
    assert table.column_names == columns
    rows = table.to_pylist()
    assert rows[0] == rows[3] == snapshot.values([second], columns).to_pylist()[0]
    assert rows[1] == dict.fromkeys(columns)
    assert rows[2]["job_profile__title"] == snapshot.release.candidates.features["job_profile__title"][0].as_py()


def test_a_column_that_is_no_candidates_is_refused(engine):
    with pytest.raises(UnknownNameError, match="unknown candidate feature 'job_profile__titel'; use one of: "):
        engine.stages["job_feed"].snapshot.values([], ["job_profile__titel"])


@pytest.mark.parametrize("surface", SURFACES)
def test_a_segment_from_tables_is_as_the_mapped_release(engine, surface):
    """Rows in another order, texts of its own, everything in memory: the same model inputs, bit for bit."""
    stages = engine.stages[surface]
    snapshot, release = stages.snapshot, stages.snapshot.release
    rows = np.random.default_rng(0).permutation(len(snapshot))[:17]
    segment = CandidateSnapshot(some_of(release, rows))
    assert segment.ids == snapshot.ids_at(rows)
    assert segment.columns.vectors.keys != release.candidates.vectors.keys
    asked = QueryColumns.encode(
        surface, pa.table({"actor_id": ["a"]}), release.candidates.vectors.overlaid(segment.columns.vectors)
    )
    inputs = [
        pair_matrix(surface, asked, columns, np.zeros_like(at), at)
        for columns, at in ((snapshot.columns, rows), (segment.columns, np.arange(len(rows))))
    ]
    np.testing.assert_array_equal(*inputs)
    own = np.arange(len(rows))
    assert segment.agencies(own) == snapshot.agencies(rows)
    column = f"{surface_spec(surface).profile_view}__category"
    for category in snapshot.values(segment.ids, [column])[column].unique().to_pylist():
        np.testing.assert_array_equal(segment.in_category(own, category), snapshot.in_category(rows, category))


def some_of(release, rows):
    """These rows alone in memory, with their own texts."""
    all_rows = release.candidates
    keys = all_rows.features[f"{surface_spec(release.surface).profile_view}__text_key"].take(rows)
    return CandidateRows.encode(
        release.surface,
        all_rows.versions.take(rows),
        all_rows.features.take(rows),
        all_rows.vectors.only(np.unique(all_rows.vectors.rows(keys))),
        facts=all_rows.facts,
        covisits=all_rows.columns.covisits,
    )


@pytest.mark.parametrize("surface", SURFACES)
def test_encoded_columns_equal_those_of_the_online_store(world, engine, store, surface):
    snapshot = engine.stages[surface].snapshot
    moments = pa.repeat(pa.scalar(world.as_of, pa.timestamp("us", tz="UTC")), len(snapshot))
    asked = pa.table({"candidate_id": snapshot.ids, "event_timestamp": moments})
    online = candidate_features(surface, asked, store.serving_features)
    columns = CandidateColumns.encode(surface, online, snapshot.release.candidates.vectors)
    np.testing.assert_array_equal(snapshot.columns.stored, columns.stored)
    np.testing.assert_array_equal(snapshot.columns.text_row, columns.text_row)
    assert (columns.text_row >= 0).all()


def test_rows_and_ids_belong_together(engine):
    snapshot = engine.stages["job_feed"].snapshot
    rows = snapshot.rows([*snapshot.ids, "nobody"])
    assert rows.tolist() == [*range(len(snapshot)), -1]
    assert snapshot.ids_at(rows[:-1]) == snapshot.ids == snapshot.release.retriever.ids.tolist()


def test_applications_are_those_that_training_knows(world, engine):
    snapshot, now = engine.stages["applicant_review"].snapshot, world.as_of + timedelta(hours=5, microseconds=7)
    jobs = sorted(world.jobs)
    pairs = {
        "job_id": np.repeat(jobs, len(snapshot)),
        "candidate_id": snapshot.ids * len(jobs),
        "event_timestamp": pa.repeat(pa.scalar(now, pa.timestamp("us", tz="UTC")), len(jobs) * len(snapshot)),
    }
    known = applications(world.lake, pa.table(pairs), world.as_of)
    facts = snapshot.candidates.facts
    columns = [snapshot.with_applications(facts.people_of_job(job), now) for job in jobs]
    for name in ("application_age_hours", "application_order"):
        told = np.array(known[name].to_pylist(), np.float64)
        assert np.isfinite(told).sum() > 50
        np.testing.assert_array_equal(np.concatenate([getattr(each, name) for each in columns]), told)


@pytest.mark.parametrize("surface", SURFACES)
def test_popularity_is_clicks_and_then_impressions(engine, surface):
    snapshot = engine.stages[surface].snapshot
    view = "job" if surface == "job_feed" else "freelancer"
    clicks, shown = (
        np.nan_to_num(
            np.array(snapshot.release.candidates.features[f"{view}_activity__{name}"].to_pylist(), np.float64)
        )
        for name in ("clicks_30d", "impressions_30d")
    )
    order = np.lexsort((-shown, -clicks))
    assert (np.diff(snapshot.popularity[order]) <= 0).all()
    assert len(set(zip(clicks, shown, strict=True))) == len(set(snapshot.popularity))


JOB = {
    "job_profile__client_id": "c", "job_profile__status": "open", "job_profile__visibility": "public",
    "job_profile__openings": 1,
}  # fmt: skip
PERSON = {"freelancer_profile__status": "listed", "freelancer_profile__agency_id": "x"}


def online(row):
    """A store that holds one row for whoever is asked for."""

    def read(rows, views):
        for name, value in row.items():
            if name.startswith(tuple(views)):
                rows = rows.append_column(name, pa.array([value] * rows.num_rows))
        return rows

    return read


def allowed(engine, surface, row, **asked):
    snapshot: CandidateSnapshot = engine.stages[surface].snapshot
    ask = RankingRequest(surface, **{"actor_id": "somebody", **asked})
    found = read_online(snapshot, ["new"], engine.now(), snapshot.release.candidates.vectors, online(row))
    excluded = found.rows(ask.exclude)
    return eligibility_of(found.pool, ask, excluded[excluded >= 0]).mask.tolist()


def test_a_new_job_is_shown_where_the_feeds_rules_let_it(engine):
    assert allowed(engine, "job_feed", JOB) == [True]
    assert allowed(engine, "job_feed", {**JOB, "job_profile__status": "paused"}) == [False]
    assert allowed(engine, "job_feed", {**JOB, "job_profile__visibility": "invite_only"}) == [False]
    assert allowed(engine, "job_feed", JOB, exclude=["new"]) == [False]


def test_a_new_job_of_a_client_that_was_blocked_is_not_shown(engine, world):
    blocks = world.did_to_clients("dismiss")
    person, client = min(blocks)
    row = {**JOB, "job_profile__client_id": client}
    assert allowed(engine, "job_feed", row, actor_id=person) == [False]
    assert allowed(engine, "job_feed", row, actor_id="somebody else") == [True]


def test_a_new_person_is_shown_where_listed_and_is_nobodys_applicant(engine, world):
    assert allowed(engine, "talent_search", PERSON) == [True]
    assert allowed(engine, "talent_search", {**PERSON, "freelancer_profile__status": "private"}) == [False]
    assert allowed(engine, "applicant_review", PERSON, job_id=world.reviewed_job) == [False]


def test_the_agency_of_a_new_person_is_known(engine):
    snapshot = engine.stages["talent_search"].snapshot
    found = read_online(snapshot, ["new", "newer"], engine.now(), snapshot.release.candidates.vectors, online(PERSON))
    assert (found.ids, found.agencies(np.arange(2))) == (["new", "newer"], ["x", "x"])


def test_candidates_that_the_store_does_not_hold_either_are_left_out(engine):
    snapshot, nobody = engine.stages["talent_search"].snapshot, {**PERSON, "freelancer_profile__status": None}
    vectors = snapshot.release.candidates.vectors
    assert read_online(snapshot, ["new"], engine.now(), vectors, online(nobody)) is None


def test_rows_that_were_written_in_another_layout_are_encoded_again(engine, tmp_path):
    rows = engine.stages["job_feed"].snapshot.candidates
    rows.write(tmp_path)
    folder = tmp_path / "columns"
    write_array(folder / "stored.npy", rows.columns.stored[:, 1:])
    write_array(folder / "layout.npy", np.array(["candidate_of_another_version"]))
    read = CandidateRows.read(tmp_path, "job_feed")
    np.testing.assert_array_equal(read.columns.stored, rows.columns.stored)
    np.testing.assert_array_equal(read.columns.covisits.others, rows.columns.covisits.others)


def test_neighbours_of_the_past_are_rows_of_the_space_best_first(engine):
    space = engine.stages["job_feed"].candidates
    covisits, identity = space.base.columns.covisits, space.base.columns.identity
    past = covisits.candidates[np.diff(covisits.starts) > 1][:3]
    nearest = covisits.neighbours(covisits.rows(past), 5)
    assert len(nearest) > 1
    assert identity[space.covisited(past, 5)].tolist() == nearest[np.isin(nearest, identity)].tolist()
    assert space.base.rows_of_codes(np.array([0, identity[1]])).tolist() == [-1, 1]
