"""Pushed rows against the next build: what happens is pushed one by one, then built from the lake, and compared."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from feast.data_source import PushMode

from feature_repo.build.aggregates import build_feature_tables
from feature_repo.client import FeatureStoreClient
from feature_repo.online.pushes import Pushes
from feature_repo.online.rows import OnlineRows
from metier.contract import KINDS, TABLES
from metier.lake import Lake
from metier.settings import Settings

START = datetime(2024, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KEYS = {
    "freelancer_history": "freelancer_id", "client_history": "client_id", "freelancer_profile": "freelancer_id",
    "job_profile": "job_id",
}  # fmt: skip


def after(seconds):
    return START + timedelta(seconds=seconds)


def person(name, seconds=0.0, **more):
    told = {"title": "Dev", "overview": "o", "skills": ["go"], "status": "listed", "category": f"of {name}"}
    return {"freelancer_id": name, **told, "event_timestamp": after(seconds), "recorded_at": after(seconds), **more}


def job(name, seconds=0.0, **more):
    told = {
        "title": "Go", "description": "d", "skills": ["go"], "openings": 1, "visibility": "public", "status": "open",
        "client_id": "c1", "city": f"city of {name}",
    }  # fmt: skip
    return {"job_id": name, **told, "event_timestamp": after(seconds), "recorded_at": after(seconds), **more}


def act(name, seconds, happened=None, **more):
    told = {"kind": "click", "side": "freelancer", "freelancer_id": "f1", "job_id": "j1", "client_id": None}
    happened = seconds if happened is None else happened
    return {
        "interaction_id": name, **told, "event_timestamp": after(happened), "recorded_at": after(seconds), **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def applied(tmp_path_factory):
    """A registry to copy: applying takes seconds."""
    home = tmp_path_factory.mktemp("applied")
    FeatureStoreClient(Settings(home=home)).apply()
    return home


@pytest.fixture
def store(applied, tmp_path):
    for name in ("registry.db", "online_store.db"):
        (tmp_path / name).write_bytes((applied / name).read_bytes())
    return FeatureStoreClient(Settings(home=tmp_path))


@pytest.fixture
def pushes(store):
    return Pushes(OnlineRows(store.settings))


def built(store, home, **tables):
    """The store, once these rows were appended to the lake and the features were built."""
    lake = Lake(str(home / "lake"))
    for name, rows in tables.items():
        columns = {c.name: [row.get(c.name, c.default) for row in rows] for c in TABLES[name].columns}
        lake.append(name, pa.table(columns, schema=TABLES[name].schema))
    build_feature_tables(lake, after(10**6), home / "features")
    return store


def both(store, view, *names):
    """What the online store holds of some keys, and what a build has of them."""
    rows = pa.table({KEYS[view]: list(names), "event_timestamp": pa.array([after(10**6)] * len(names))})
    return store.serving_features(rows, [view]).to_pylist(), store.training_features(rows, [view]).to_pylist()


def history(store, actor, view="freelancer_history"):
    (row,) = store.serving_features(pa.table({KEYS[view]: [actor]}), [view]).to_pylist()
    return {name.removeprefix(f"{view}__"): value for name, value in row.items()}


def materialize_histories(store):
    store.store.materialize(START, after(10**6), feature_views=["freelancer_history"])


def pushed(pushes, rows):
    """Each row by itself, in the order in which it was recorded."""
    for row in sorted(rows, key=lambda row: row["recorded_at"]):
        pushes.interactions([row])


def test_every_kind_of_either_side_counts_for_whom_the_build_counts_it(store, pushes, tmp_path):
    acts = [
        act(f"{kind} {side}", seconds, kind=kind, side=side, job_id=f"j{seconds}", freelancer_id=f"f{seconds % 2}")
        for seconds, (kind, side) in enumerate(itertools.product(KINDS, ("client", "freelancer")))
    ]
    jobs = [job(f"j{seconds}") for seconds in range(len(acts))]
    for row in jobs:
        pushes.profile("jobs", row)
    pushed(pushes, acts)
    built(store, tmp_path, jobs=jobs, interactions=acts)
    for view, actors in (("freelancer_history", ("f0", "f1")), ("client_history", ("c1", "nobody"))):
        online, offline = both(store, view, *actors)
        assert online == offline
    assert history(store, "c1", "client_history")["interaction_count"] == 7  # 3 own kinds, 2 outcomes of 2 sides


def random_acts(seed, number=120):
    """Late, out of order, sent again, of the same second; by 3 freelancers on 29 jobs, one of which nobody knows."""
    rng = np.random.default_rng(seed)
    acts = []
    for place in range(number):
        if acts and rng.random() < 0.2:
            acts.append({**acts[-rng.integers(1, min(len(acts), 15) + 1)], "recorded_at": after(place + 0.75)})
            continue
        happened = place - int(rng.choice([0, 0, 1, 7, 60])) + float(rng.choice([0, 0.25, 0.5]))
        acts.append(
            act(
                f"i{place}", place + 0.75, happened, freelancer_id=f"f{rng.integers(3)}",
                job_id=[None, "unheard of", *(f"j{i}" for i in range(28))][rng.integers(30)],
                client_id=[None, "c1", "c2"][rng.integers(3)], kind=str(rng.choice(KINDS)),
                side=str(rng.choice(["client", "freelancer"])),
            )
        )  # fmt: skip
    return acts


@pytest.mark.parametrize("seed", range(4))
def test_pushed_one_by_one_histories_are_those_of_the_next_build(store, pushes, tmp_path, seed):
    acts = random_acts(seed)
    # half of the jobs change on the way; a click before remembers the earlier city
    jobs = [job(f"j{i}", -100) for i in range(28)]
    changes = [job(f"j{i}", 10.0 * i, city="moved") for i in range(0, 28, 2)]
    people = [person(f"f{i}", -100, agency_id=[None, "a"][i % 2]) for i in range(3)]
    for each in people:
        pushes.profile("freelancers", each)
    for row in sorted([*jobs, *changes, *acts], key=lambda row: row["recorded_at"]):
        if "interaction_id" in row:
            pushes.interactions([row])
        else:
            pushes.profile("jobs", row)
    built(store, tmp_path, freelancers=people, jobs=[*jobs, *changes], interactions=acts)
    for view, actors in (("freelancer_history", ("f0", "f1", "f2")), ("client_history", ("c1", "c2"))):
        online, offline = both(store, view, *actors)
        assert online == offline


def test_a_batch_is_what_its_rows_are_one_by_one(store, pushes, applied, tmp_path):
    acts = random_acts(7)
    given = [{**row, "recorded_at": after(200)} for row in acts]
    pushes.interactions(given)
    whole = [history(store, f"f{i}") for i in range(3)]
    built(store, tmp_path, interactions=given)
    assert whole == [
        {name.removeprefix("freelancer_history__"): value for name, value in row.items() if name != "event_timestamp"}
        for row in both(store, "freelancer_history", "f0", "f1", "f2")[1]
    ]


def test_the_same_interaction_again_changes_nothing(store, pushes):
    pushes.interactions([act("a", 1), act("b", 2, job_id="j2")])
    once = history(store, "f1")
    pushes.interactions([act("a", 3), act("b", 2, job_id="j2"), act("b", 2, job_id="j2")])
    assert history(store, "f1") == once
    assert (once["recent_ids"], once["interaction_count"]) == (["j2", "j1"], 2)


def test_a_pushed_history_goes_on_from_the_materialized_one(store, pushes, tmp_path):
    first = [act(f"i{i}", i, job_id=f"j{i}") for i in range(30)]
    built(store, tmp_path, interactions=first)
    materialize_histories(store)
    late, new = act("late", 100, 5.5, job_id="j50"), act("new", 101, job_id="j51")
    pushed(pushes, [late, new])
    told = history(store, "f1")
    assert told["recent_ids"] == ["j51", *(f"j{i}" for i in range(29, 10, -1))]
    assert told["interaction_count"] == 32
    built(store, tmp_path, interactions=[late, new])
    online, offline = both(store, "freelancer_history", "f1")
    assert online == offline
    materialize_histories(store)
    assert history(store, "f1") == told


def test_folds_of_many_threads_lose_nothing(store, pushes):
    rows = [act(f"i{i}", i, job_id=f"j{i}") for i in range(12)]
    threads = [threading.Thread(target=pushes.interactions, args=([row],)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert history(store, "f1")["recent_ids"] == [f"j{i}" for i in range(11, -1, -1)]
    assert history(store, "f1")["interaction_count"] == 12


def test_of_two_replicas_writing_at_once_the_newest_version_stays_whole(store, pushes):
    halves = [pushes, Pushes(OnlineRows(store.settings))]
    numbers = [[(7 * place + 3 * half) % 40 for place in range(20)] for half in range(2)]

    def write(half):
        for number in numbers[half]:
            halves[half].profile("jobs", job("j1", number, title=f"v{number}", city=f"v{number}"))

    threads = [threading.Thread(target=write, args=(half,)) for half in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (row,) = store.serving_features(pa.table({"job_id": ["j1"]}), ["job_profile"]).to_pylist()
    newest = max(itertools.chain(*numbers))
    assert (row["job_profile__title"], row["job_profile__city"]) == (f"v{newest}", f"v{newest}")


FULL_PERSON = {
    "title": "Ünï", "overview": "line\nbreak", "skills": ["c++", "日本"], "country": "DE", "region": "BE",
    "city": "Berlin", "languages": ["de", "en"], "hourly_rate_usd": 60.5, "experience_level": "expert",
    "hours_per_week": 12.5, "agency_id": "a", "joined_at": after(-99.75),
}  # fmt: skip
FULL_JOB = {
    "title": "Full", "posted_at": after(-50.5), "company": "Acme", "industry": "IT", "country": "US", "region": "NJ",
    "category": "x", "languages": [], "budget_kind": "hourly", "budget_min_usd": 1.0, "budget_max_usd": 2.5,
    "experience_level": "entry", "openings": 3,
}  # fmt: skip


def test_a_pushed_profile_is_that_of_the_next_build(store, pushes, tmp_path):
    people = [person("full", **FULL_PERSON), person("bare", category=None, skills=[])]
    jobs = [job("full", **FULL_JOB), job("bare", client_id=None, city=None)]
    for name, rows in (("freelancers", people), ("jobs", jobs)):
        for row in rows:
            pushes.profile(name, row)
    built(store, tmp_path, freelancers=people, jobs=jobs)
    for view in ("freelancer_profile", "job_profile"):
        online, offline = both(store, view, "full", "bare")
        assert online == offline
        assert online[0][f"{view}__text_key"] != online[1][f"{view}__text_key"]


def test_skills_that_a_text_names_are_linked_where_none_are_listed_and_pushed_as_built(store, pushes, tmp_path):
    texts = {"title": "React dev", "overview": "Knows k8s and ＰＹＴＨＯＮ; goes far."}
    people = [person("none", **texts, skills=[]), person("some", **texts, skills=["Go"])]
    jobs = [job("none", title="Logo", description="A logo design in Figma", skills=[])]
    for name, rows in (("freelancers", people), ("jobs", jobs)):
        for row in rows:
            pushes.profile(name, row)
    built(store, tmp_path, freelancers=people, jobs=jobs)
    online, offline = both(store, "freelancer_profile", "none", "some")
    assert online == offline
    named, listed = (row["freelancer_profile__linked_skills"] for row in online)
    assert (named, listed or []) == (["React", "Kubernetes", "Python"], [])
    assert [row["freelancer_profile__skills"] or [] for row in online] == [[], ["Go"]]
    online, offline = both(store, "job_profile", "none")
    assert online == offline
    assert online[0]["job_profile__linked_skills"] == ["Logo design", "Figma"]


def test_an_older_version_never_shows_over_a_newer_one(store, pushes, tmp_path):
    versions = [
        person("f1", 1, title="first"),
        person("f1", 3, title="third", recorded_at=after(5)),
        person("f1", 2, title="second, too late", recorded_at=after(6)),
        person("f1", 3, title="third, corrected", recorded_at=after(7)),
    ]
    for row in versions:
        pushes.profile("freelancers", row)
    built(store, tmp_path, freelancers=versions)
    online, offline = both(store, "freelancer_profile", "f1")
    assert online == offline
    assert online[0]["freelancer_profile__title"] == "third, corrected"


def test_versions_of_one_second_keep_their_order(store, pushes):
    pushes.profile("jobs", job("j1", 1.75, title="newer"))
    pushes.profile("jobs", job("j1", 1.25, title="older"))
    assert history_title(store) == "newer"
    pushes.profile("jobs", job("j1", 1.75, title="older", recorded_at=after(1.5)))
    assert history_title(store) == "newer"
    pushes.profile("jobs", job("j1", 1.75, title="corrected", recorded_at=after(2)))
    assert history_title(store) == "corrected"


def history_title(store):
    return store.serving_features(pa.table({"job_id": ["j1"]}), ["job_profile"])["job_profile__title"][0].as_py()


def test_feasts_own_push_goes_through_the_same_guard(store, pushes):
    pushes.profile("jobs", job("j1", 5, title="newer"))
    view = store.store.get_feature_view("job_profile")
    late = {field.name: [None] for field in view.features} | {"title": ["late"], "openings": [1]}
    frame = pd.DataFrame({"job_id": ["j1"], "event_timestamp": [after(4)], "recorded_at": [after(4)], **late})
    store.store.push("job_profile_push", frame, to=PushMode.ONLINE)
    assert history_title(store) == "newer"
    store.store.push("job_profile_push", frame.assign(event_timestamp=[after(6)], title=["later"]), to=PushMode.ONLINE)
    assert history_title(store) == "later"
