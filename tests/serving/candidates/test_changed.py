"""Changed candidates behind their release: found, judged and scored as a release with them would do it."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from components.retrieval.questions import Question
from feature_repo.client import FeatureStoreClient
from feature_repo.hydrate import candidate_features, with_column
from feature_repo.inputs.encoded import QueryColumns
from feature_repo.inputs.transforms import feature_names, pair_matrix
from feature_repo.online.pushes import Pushes
from feature_repo.online.rows import OnlineRows
from feature_repo.texts.text import card_text, text_key
from metier.changes import Change
from metier.changes.log import sequence_of
from metier.contract import SURFACES
from serving.candidates.changed import ChangedCandidates
from serving.request.ranking import RankingRequest
from tests.serving.versions import JOB, PERSON

TABLES = {"job_feed": "jobs", "talent_search": "freelancers", "applicant_review": "freelancers"}
ROWS = {"jobs": JOB, "freelancers": PERSON}
KEYS = {"jobs": "job_id", "freelancers": "freelancer_id"}


@pytest.fixture(scope="module")
def store(world):
    return FeatureStoreClient(world.settings)


class Surface:
    """A surface of the world with nothing changed yet."""

    def __init__(self, name, world, engine, read):
        self.name, self.table = name, TABLES[name]
        self.base = engine.stages[name].snapshot
        self.changed = ChangedCandidates(self.base, read)
        self.encoder = engine.stages[name].bundle.encoder
        self.versions = world.jobs if name == "job_feed" else world.people
        self.sequence = sequence_of(world.as_of) + 10_000_000
        self.end = world.as_of

    def version(self, candidate, happened=None, table=None, **more):
        """A change of this surface's candidates (or of `table`), recorded a moment after the one before."""
        table, self.sequence = table or self.table, self.sequence + 1_000
        row = {KEYS[table]: candidate, **ROWS[table], **more, "event_timestamp": happened}
        return Change.of_line(Change.recorded(table, row, self.sequence).line())

    def known(self, candidate, **more):
        """A new version of a candidate of the release that differs in `more` alone."""
        row = {name: value for name, value in self.versions[candidate].items() if name != KEYS[self.table]}
        return self.version(candidate, **{**row, "event_timestamp": None, "happened": None, **more})

    def take(self, *changes):
        self.changed.take(list(changes), self.encoder.encode_cards)
        return self.changed.candidates(self.sequence)


@pytest.fixture
def on(world, engine, store):
    def surface(name, read=store.serving_features):
        return Surface(name, world, engine, read)

    return surface


def found(candidates, text, k=5, eligible=None):
    rows, _ = candidates.search(Question(text, None, None), k, eligible)
    return candidates.ids_at(rows)


def shown(candidates, **asked):
    return set(
        candidates.ids_at(np.flatnonzero(candidates.eligibility(RankingRequest(candidates.surface, **asked)).mask))
    )


def test_without_changes_the_release_is_served_as_it_is(on):
    surface = on("job_feed")
    candidates = surface.changed.candidates(0)
    assert candidates.parts == (surface.base,)
    assert candidates.version == surface.base.release.version
    assert candidates.vectors is surface.base.release.candidates.vectors


@pytest.mark.parametrize("name", SURFACES)
def test_a_new_candidate_has_a_row_behind_the_release_and_is_found_by_its_words(on, name):
    surface = on(name)
    candidates = surface.take(surface.version("new"))
    n = len(surface.base)
    assert len(candidates) == n + 1
    assert candidates.rows(["new", surface.base.ids[3], "nobody"]).tolist() == [n, 3, -1]
    assert candidates.ids_at(np.array([n, 3])) == ["new", surface.base.ids[3]]
    assert found(candidates, "accordions")[0] == "new"
    assert candidates.version == f"{surface.base.release.version}+{surface.sequence}"


def test_a_new_job_is_shown_where_the_feeds_rules_let_it(on, world):
    surface = on("job_feed")
    person, blocked = min(world.did_to_clients("dismiss"))
    changes = [
        surface.version("open"),
        surface.version("closed", status="closed"),
        surface.version("invited", visibility="invite_only"),
        surface.version("blocked", client_id=blocked),
    ]
    candidates = surface.take(*changes)
    everybody = shown(candidates, actor_id=person) & {"open", "closed", "invited", "blocked"}
    assert everybody == {"open"}
    assert "blocked" in shown(candidates, actor_id="somebody else")
    assert "open" not in shown(candidates, actor_id=person, exclude=["open"])
    assert "open" in shown(candidates, actor_id=person, filters={"category": "Music"})
    assert not shown(candidates, actor_id=person, filters={"category": "Music"}) & set(surface.base.ids)


def test_a_closed_job_vanishes_and_is_counted_once(on, world):
    surface = on("job_feed")
    before = surface.changed.candidates(0).eligibility(RankingRequest("job_feed", "somebody"))
    job = world.open_jobs[0]
    candidates = surface.take(surface.known(job, status="closed"))
    after = candidates.eligibility(RankingRequest("job_feed", "somebody"))
    assert job not in shown(candidates, actor_id="somebody")
    assert after.dropped == {**before.dropped, "not_open": before.dropped["not_open"] + 1}
    assert after.mask.sum() == before.mask.sum() - 1
    opened = surface.take(surface.known(job, status="open"))
    assert opened.eligibility(RankingRequest("job_feed", "somebody")).dropped == before.dropped
    assert job in shown(opened, actor_id="somebody")


def test_a_changed_candidate_counts_in_its_new_version_alone(on, world):
    surface = on("job_feed")
    job = world.open_jobs[0]
    old_title = world.jobs[job]["title"]
    candidates = surface.take(surface.version(job))
    assert found(candidates, "accordion")[0] == job
    assert candidates.rows([job]).tolist() == [len(surface.base)]
    mask = candidates.eligibility(RankingRequest("job_feed", "somebody")).mask
    assert candidates.ids_at(np.flatnonzero(mask)).count(job) == 1
    by_old_words, _ = candidates.search(Question(old_title, np.empty((0, 384), np.float32), None), 99, mask)
    assert surface.base.rows([job])[0] not in by_old_words
    again = surface.take(surface.version(job, title="Zither", description="strings", skills=[]))
    assert found(again, "zither", eligible=again.eligibility(RankingRequest("job_feed", "x")).mask)[0] == job
    words = Question("accordion", np.empty((0, 384), np.float32), None)
    assert again.search(words, 9, again.eligibility(RankingRequest("job_feed", "x")).mask)[0].size == 0


def test_late_and_repeated_versions_change_nothing(on, world):
    surface = on("job_feed")
    job = world.open_jobs[0]
    newer = surface.version(job, status="closed")
    late = surface.version(job, happened=newer.version[0] - timedelta(seconds=1))
    long_ago = surface.version(world.open_jobs[1], happened=world.as_of - timedelta(days=400), status="closed")
    for changes in ([newer, late, long_ago], [late], [newer], [long_ago, late, newer]):
        candidates = surface.take(*changes)
        assert len(candidates) == len(surface.base) + 1
        assert job not in shown(candidates, actor_id="somebody")
        assert world.open_jobs[1] in shown(candidates, actor_id="somebody")


def test_a_version_that_cannot_be_served_costs_no_other(on):
    surface = on("job_feed")
    broken = surface.version("broken", budget_min_usd="a lot")
    candidates = surface.take(surface.version("a"), broken, surface.version("b"))
    assert candidates.rows(["a", "broken", "b"]).tolist() == [len(surface.base), -1, len(surface.base) + 1]
    assert len(surface.take(broken)) == len(surface.base) + 2


def test_of_one_page_the_newest_version_counts_whatever_came_last(on):
    surface = on("job_feed")
    newer = surface.version("new", status="closed")
    late = surface.version("new", happened=newer.version[0] - timedelta(seconds=1))
    assert "new" not in shown(surface.take(newer, late), actor_id="somebody")
    assert "new" in shown(surface.take(surface.version("new")), actor_id="somebody")


def test_what_the_release_holds_already_is_passed_over(on, world):
    surface = on("job_feed")
    job = world.open_jobs[0]
    clocks = {name: world.jobs[job][name] for name in ("event_timestamp", "recorded_at")}
    row = {**world.jobs[job], "status": "closed"}
    same = Change("jobs", row, sequence_of(clocks["recorded_at"]))
    assert len(surface.take(same)) == len(surface.base)


@pytest.mark.parametrize("name", SURFACES)
def test_a_version_that_changes_nothing_has_the_features_of_the_release(on, name):
    """Of known candidates: profile by the change, all else as of the release; encoded alike, bit for bit."""
    surface = on(name)
    some = surface.base.ids[::7]
    candidates = surface.take(*(surface.known(each) for each in some))
    part, rows = candidates.parts[1], surface.base.rows(some)
    columns = [column for column in surface.base.release.candidates.features.column_names if "__" in column]
    assert part.values(some, columns).to_pylist() == surface.base.values(some, columns).to_pylist()
    held, own = surface.base.columns, part.columns
    np.testing.assert_array_equal(own.stored, held.stored[rows])
    np.testing.assert_array_equal(own.identity, held.identity[rows])
    np.testing.assert_array_equal(own.since, held.since[rows])
    np.testing.assert_array_equal(part.popularity, surface.base.popularity[rows])
    assert part.agencies(np.arange(len(part))) == surface.base.agencies(rows)
    for mark, codes in own.marks.items():
        np.testing.assert_array_equal(codes, held.marks[mark][rows])
    np.testing.assert_array_equal(
        candidates.vectors.dense_at(own.text_row), surface.base.release.candidates.vectors.dense_at(held.text_row[rows])
    )


def test_changes_that_come_bit_by_bit_are_served_as_if_they_came_at_once(on, world):
    """4 and 2 changes make a layer of 5 candidates, one of them changed twice; another one changes behind it."""
    by_bits, at_once = on("job_feed"), on("job_feed")
    known = by_bits.base.ids[5]
    first = [by_bits.version(name, title=f"Player {name}") for name in ("a", "b", "c")] + [by_bits.known(known)]
    second = [by_bits.version("b", title="Fiddler"), by_bits.version("d")]
    third = [by_bits.version("a", status="closed")]
    one = at_once.take(*first, *second, *third)
    for changes in (first, second, third):
        several = by_bits.take(*changes)
    assert [len(part) for part in several.parts[1:]] == [5, 1]
    assert shown(several, actor_id="somebody") == shown(one, actor_id="somebody")
    assert "a" not in shown(several, actor_id="somebody")
    for text in ("accordions", "fiddler", "player", by_bits.versions[known]["title"]):
        several_found, one_found = (
            set(found(each, text, 20, each.eligibility(RankingRequest("job_feed", actor_id="somebody")).mask))
            for each in (several, one)
        )
        assert several_found == one_found
    for name in ("b", "d", known):
        rows = several.rows([name]), one.rows([name])
        assert several.versions(rows[0], ["title"]) == one.versions(rows[1], ["title"])
    more = by_bits.take(by_bits.version("e"))
    assert [len(part) for part in more.parts[1:]] == [5, 2]


def test_a_new_candidate_has_the_features_that_the_store_would_give(on, store, world):
    """Its profile as pushed, its client as of the release, its activity as the store holds it: nothing."""
    surface = on("job_feed")
    known = surface.base.ids[0]
    client = world.jobs[known]["client_id"]
    posted = world.as_of - timedelta(days=1, microseconds=999)
    change = surface.version("new", client_id=client, posted_at=posted, languages=None, budget_min_usd=20.0)
    part = surface.take(change).parts[1]
    (row,) = part.candidates.features.to_pylist()
    told = {name.removeprefix("job_profile__"): value for name, value in row.items() if "job_profile__" in name}
    assert (told["title"], told["skills"]) == (JOB["title"], JOB["skills"])
    assert told["posted_at"] == posted.replace(microsecond=0)  # whole seconds
    assert (told["languages"], told["budget_min_usd"], told["openings"]) == (None, 20.0, 1)
    clients = [name for name in row if name.startswith("client_") and "__" in name]
    released = surface.base.values([known], clients).to_pylist()[0]
    assert {name: row[name] for name in clients} == released
    assert {row[name] for name in row if name.startswith("job_activity__")} == {None}


def test_of_a_new_candidate_the_store_is_asked_and_may_fail(on, store):
    clicks = "freelancer_activity__clicks_30d"

    def popular(rows, views):
        found = store.serving_features(rows, views)
        seven = pa.array([7.0] * rows.num_rows, pa.float32())
        return with_column(found, clicks, seven) if clicks in found.column_names else found

    def down(rows, views):
        raise OSError("the store is down")

    for read, told in ((popular, 7.0), (down, None)):
        surface = on("talent_search", read)
        candidates = surface.take(surface.version("new"))
        assert candidates.parts[1].values(["new"], [clicks]).to_pylist() == [{clicks: told}]
        assert "new" in shown(candidates, actor_id="somebody")


def test_rows_of_all_parts_are_scored_as_each_part_scores_them(on, world):
    surface = on("talent_search")
    changed = [surface.known(each) for each in surface.base.ids[::9]]
    candidates = surface.take(*changed, surface.version("new"))
    asked = pa.table({"actor_id": ["c"], "text": ["accordion reeds"]})
    columns, base = QueryColumns.encode("talent_search", asked, candidates.vectors), np.arange(len(surface.base))
    rows = candidates.rows([*surface.base.ids, "new"])
    wanted = feature_names("talent_search")
    inputs = candidates.inputs(columns, rows, wanted, None, world.as_of)
    released = pair_matrix("talent_search", columns, surface.base.columns, np.zeros_like(base), base)
    np.testing.assert_array_equal(inputs[:-1], released)
    order = np.random.default_rng(0).permutation(len(rows))
    np.testing.assert_array_equal(candidates.inputs(columns, rows[order], wanted, None, world.as_of), inputs[order])


def test_texts_of_both_tables_are_known_to_who_asks(on):
    surface = on("job_feed")
    candidates = surface.take(surface.version("somebody", table="freelancers"))
    assert len(candidates) == len(surface.base)
    key = text_key(card_text(PERSON["title"], PERSON["overview"], PERSON["skills"]))
    row = candidates.vectors.rows([key])
    assert surface.base.release.candidates.vectors.rows([key]).tolist() == [-1]
    assert candidates.vectors.titles_at(row) == [PERSON["title"]]
    assert np.linalg.norm(candidates.vectors.dense_at(row)[0]) == pytest.approx(1, abs=0.01)


def test_each_text_is_encoded_once_and_known_ones_never(on):
    surface, encoded = on("job_feed"), []

    def embed(texts):
        encoded.extend(texts)
        return surface.encoder.encode_cards(texts)

    known = surface.known(surface.base.ids[0], status="closed")
    for changes in ([surface.version("a"), surface.version("b"), known], [surface.version("c")]):
        surface.changed.take(changes, embed)
    assert len(encoded) == 1


def test_applications_to_a_job_count_for_changed_people(on, world):
    surface = on("applicant_review")
    job = world.reviewed_job
    person = min(world.waiting(job))
    candidates = surface.take(surface.known(person))
    moment = world.as_of + timedelta(hours=2)
    (row,) = candidates.rows([person])
    of_job = candidates.facts.people_of_job(job)
    base = surface.base.with_applications(of_job, moment)
    own = candidates.parts[1].with_applications(of_job, moment)
    (before,) = surface.base.rows([person])
    assert own.application_age_hours[row - len(surface.base)] == base.application_age_hours[before] > 0
    assert own.application_order[row - len(surface.base)] == base.application_order[before]
    assert person in shown(candidates, actor_id=world.owner(job), job_id=job)


def test_agencies_and_popularity_are_those_of_the_part_that_counts(on, world):
    surface = on("talent_search")
    person = surface.base.ids[0]
    candidates = surface.take(surface.known(person, agency_id="ag", category="Music"))
    rows = candidates.rows([person, surface.base.ids[1]])
    assert candidates.agencies(rows)[0] == "ag"
    assert candidates.agencies(rows)[1] == surface.base.agencies(np.array([1]))[0]
    plain = candidates.popularity(rows, None)
    assert plain.tolist() == surface.base.popularity[:2].tolist()
    assert candidates.popularity(rows, "Music")[0] > candidates.popularity(rows, "Music")[1]


def test_candidate_features_of_the_store_equal_those_of_a_pushed_profile(world, store, on, tmp_path):
    """What Pushes writes and what the part holds of a profile is the same."""
    own = world.copy(tmp_path / "home")
    pushed = FeatureStoreClient(own.settings)
    for name in ("job_feed", "talent_search"):
        surface = on(name)
        change = surface.version("new", languages=["it"], category=None, title="React dev", skills=[])
        Pushes(OnlineRows(pushed.settings)).profile(change.table, change.row)
        part = surface.take(change).parts[1]
        asked = pa.table({"candidate_id": ["new"], "event_timestamp": [world.as_of]})
        online = candidate_features(name, asked, pushed.serving_features)
        profile = [column for column in online.column_names if f"{surface.table[:-1]}_profile__" in column]
        assert len(profile) > 10
        assert part.values(["new"], profile).to_pylist() == online.select(profile).to_pylist()
