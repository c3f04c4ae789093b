"""A candidate release is whole, is of its moment, is found by its pointer, or is refused with what rebuilds it."""

import json
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from components.releases.candidate_release import read_release
from components.releases.folder import ReleaseManifest, moment_of, newest_version, write_manifest
from components.releases.release_builder import ReleaseSource, build_release, release_version, vectors_by
from components.retrieval.digests import NOTE, sha256_of
from components.retrieval.pair_facts import Act
from feature_repo.build.feature_tables import VECTORS, build_all
from feature_repo.client import FeatureStoreClient
from feature_repo.texts import Encoder, TextVectors
from metier.changes.log import sequence_of
from metier.contract import TABLES
from metier.errors import ArtifactError
from metier.lake import Lake
from metier.settings import Settings
from metier.stored import from_json

START = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = START + timedelta(days=30)
LATER = AS_OF + timedelta(days=1)
REBUILD = "run `metier pipeline run features`, whose step build_candidate_index writes releases"


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def add(lake: Lake, name: str, *rows: dict) -> None:
    stamped = [{"recorded_at": row["event_timestamp"]} | row for row in rows]
    lake.append(name, pa.Table.from_pylist(stamped, schema=TABLES[name].schema))


def person(who: str, title: str, at: float = 0, **more: object) -> dict:
    row = {"freelancer_id": who, "title": title, "overview": "", "skills": ["sql"], "status": "listed"}
    return row | {"event_timestamp": day(at)} | more


def post(job: str, title: str, at: float = 0, **more: object) -> dict:
    row = {"job_id": job, "client_id": "C", "title": title, "description": "", "skills": [], "openings": 1}
    return row | {"visibility": "public", "status": "open", "event_timestamp": day(at)} | more


def act(kind: str, who: str, job: str, at: float, side: str = "freelancer", **more: object) -> dict:
    row = {"interaction_id": f"{kind}-{who}-{job}-{at}", "kind": kind, "side": side, "freelancer_id": who}
    return row | {"job_id": job, "client_id": "C", "event_timestamp": day(at)} | more


@dataclass(frozen=True)
class Home:
    """A lake with its features, and what builds releases of it."""

    settings: Settings
    encoder: Encoder

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.lake)

    @property
    def corpus(self) -> TextVectors:
        return TextVectors.read(self.settings.features / VECTORS)

    def build(self, folder: Path, surface: str = "talent_search", as_of: datetime = AS_OF) -> str:
        read = FeatureStoreClient(self.settings).training_features
        vectors = vectors_by(self.corpus.weights, self.corpus, self.lake, as_of)
        source = ReleaseSource(surface, self.lake, read, self.encoder, vectors)  # type: ignore[arg-type]
        return build_release(source, as_of, folder)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three people and two jobs; one person has two versions, one version and one application came late."""
    made = Home(Settings(home=tmp_path_factory.mktemp("home")), Encoder.load())
    add(
        made.lake,
        "freelancers",
        person("F", "Cook"),
        person("F", "Head chef", 5, city="Lyon"),
        person("F", "Owner", 6, recorded_at=day(40)),
        person("G", "Nurse", agency_id="A"),
        person("H", "Baker", 20, status="private"),
    )
    add(made.lake, "jobs", post("J", "Chef wanted"), post("K", "Nurse wanted", status="closed"))
    add(made.lake, "clients", {"client_id": "C", "status": "active", "event_timestamp": day(0)})
    add(
        made.lake,
        "interactions",
        act("apply", "F", "J", 8),
        act("apply", "F", "J", 9),
        act("apply", "G", "J", 10, recorded_at=day(40)),
        act("dismiss", "G", "K", 11),
        act("click", "G", "J", 12),
    )
    build_all(made.lake, made.settings, LATER, made.encoder)
    FeatureStoreClient(made.settings).apply()
    return made


@pytest.fixture(scope="module")
def folder(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Releases of people: one; nobody changes it."""
    folder = tmp_path_factory.mktemp("releases")
    home.build(folder)
    return folder


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def newest(folder: Path) -> str:
    version = newest_version(folder)
    assert version is not None
    return version


def test_it_holds_the_newest_versions_that_were_known(home: Home, folder: Path) -> None:
    release = read_release(folder, newest(folder), home.encoder)
    assert (release.surface, release.as_of) == ("talent_search", AS_OF)
    held = release.candidates.versions.select(["id", "title", "city", "status"]).to_pylist()
    assert held == [
        {"id": "F", "title": "Head chef", "city": "Lyon", "status": "listed"},
        {"id": "G", "title": "Nurse", "city": None, "status": "listed"},
        {"id": "H", "title": "Baker", "city": None, "status": "private"},
    ]


def test_features_index_and_candidates_have_one_order(home: Home, folder: Path) -> None:
    release = read_release(folder, newest(folder), home.encoder)
    ids = release.candidates.versions["id"].to_pylist()
    assert release.retriever.ids.tolist() == ids
    assert release.candidates.features["candidate_id"].to_pylist() == ids
    titles = release.candidates.versions["title"].to_pylist()
    assert release.candidates.features["freelancer_profile__title"].to_pylist() == titles
    assert release.retriever.search("nurse", 1)[0].tolist() == ["G"]


def test_it_knows_of_pairs_what_was_recorded_by_its_moment(home: Home, folder: Path) -> None:
    release = read_release(folder, newest(folder), home.encoder)
    of_job, of_person = release.candidates.facts.people_of_job("J"), release.candidates.facts.jobs_of("G")
    assert of_job.those(of_job.did(Act.APPLY)) == ["F"]
    assert of_job.when(Act.APPLY)[of_job.did(Act.APPLY)].tolist() == [sequence_of(day(9))]
    assert of_person.those(of_person.did(Act.DISMISS)) == ["K"]


def test_every_text_of_a_candidate_has_its_vector(home: Home, folder: Path) -> None:
    release = read_release(folder, newest(folder), home.encoder)
    keys = release.candidates.features["freelancer_profile__text_key"].to_pylist()
    rows = release.candidates.vectors.rows(keys)
    assert (rows >= 0).all()
    np.testing.assert_array_equal(release.candidates.vectors.dense[rows], home.corpus.dense[home.corpus.rows(keys)])


def test_jobs_are_released_as_well(home: Home, tmp_path: Path) -> None:
    release = read_release(tmp_path, home.build(tmp_path, "job_feed"), home.encoder)
    assert release.candidates.versions["id"].to_pylist() == ["J", "K"]
    assert release.candidates.features["client_profile__status"].to_pylist() == ["active", "active"]


def test_its_version_begins_with_its_moment(folder: Path) -> None:
    assert newest(folder).startswith("20260131T000000.000000Z-")
    assert moment_of(newest(folder)) == AS_OF


def test_a_later_moment_is_another_release_and_two_are_kept(home: Home, copied: Path) -> None:
    first = newest(copied)
    second = home.build(copied, as_of=AS_OF + timedelta(hours=1))
    third = home.build(copied, as_of=AS_OF + timedelta(hours=2))
    assert newest(copied) == third
    assert {path.name for path in copied.iterdir() if path.is_dir()} == {second, third}
    assert first not in (second, third)
    read_release(copied, second, home.encoder)


def test_an_earlier_moment_is_pointed_at_and_not_pruned(home: Home, copied: Path) -> None:
    home.build(copied, as_of=AS_OF + timedelta(hours=1))
    earlier = home.build(copied, as_of=AS_OF - timedelta(hours=1))
    assert newest(copied) == earlier
    read_release(copied, earlier, home.encoder)
    assert len([path for path in copied.iterdir() if path.is_dir()]) == 2


def test_equal_content_has_an_equal_version_and_other_content_another(home: Home, folder: Path, tmp_path: Path) -> None:
    assert home.build(tmp_path) == newest(folder)
    corpus = home.corpus
    moved = replace(corpus.weights, center=corpus.weights.center + 1)
    versions = {
        release_version(home.lake, AS_OF, home.encoder, corpus),
        release_version(home.lake, LATER, home.encoder, corpus),
        release_version(home.lake, AS_OF, home.encoder, TextVectors.fitted(moved)),
        release_version(Lake(str(tmp_path / "other")), AS_OF, home.encoder, corpus),
    }
    assert len(versions) == 4
    assert newest(folder) in versions


def test_building_it_again_changes_no_file(home: Home, copied: Path) -> None:
    def stamps() -> dict[Path, int]:
        return {
            path: path.stat().st_mtime_ns for path in copied.rglob("*") if path.is_file() and path.suffix == ".json"
        }

    before = {path: stamp for path, stamp in stamps().items() if path.name != "current.json"}
    assert home.build(copied) == newest(copied)
    after = {path: stamp for path, stamp in stamps().items() if path.name != "current.json"}
    assert before == after


def test_the_pointer_is_replaced_not_rewritten(home: Home, copied: Path) -> None:
    with (copied / "current.json").open() as held:
        later = home.build(copied, as_of=LATER)
        assert json.loads(held.read())["version"] != later  # whoever opened it before reads it whole
    assert newest(copied) == later
    assert [path.name for path in copied.iterdir() if path.name.startswith(".")] == []


def test_a_build_that_fails_leaves_the_earlier_release_in_place(home: Home, copied: Path) -> None:
    def broken(rows: pa.Table, views: object) -> pa.Table:
        raise ConnectionError("this store is down")

    before = newest(copied)
    with pytest.raises(ConnectionError):
        build_release(ReleaseSource("talent_search", home.lake, broken, home.encoder, home.corpus), LATER, copied)
    assert newest(copied) == before
    read_release(copied, before, home.encoder)
    assert [path.name for path in copied.iterdir() if path.name.startswith(".")] == []


def test_half_a_release_is_built_anew(home: Home, copied: Path) -> None:
    version = newest(copied)
    (copied / version / "release.json").unlink()
    (copied / version / "features.arrow").unlink()
    assert home.build(copied) == version
    read_release(copied, version, home.encoder)


def test_where_nothing_was_built_there_is_no_version(tmp_path: Path) -> None:
    assert newest_version(tmp_path) is None
    with pytest.raises(ArtifactError, match=f"holds no candidate release; {REBUILD}"):
        read_release(tmp_path, "20260131T000000.000000Z-00000000", Encoder.load())


def test_each_file_altered_cut_or_missing_is_refused(home: Home, copied: Path) -> None:
    version = newest(copied)
    home.build(copied)
    every = sorted(path for path in (copied / version).rglob("*") if path.is_file())
    files = [path for path in every if path.suffix != ".lock" and path.name != NOTE]
    assert len(files) > 50
    for path in files:
        content = path.read_bytes()
        middle = len(content) // 2
        damaged = [content[:middle], content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :], None]
        for wrong in damaged:
            path.unlink()
            if wrong is not None:
                path.write_bytes(wrong)
            with pytest.raises(ArtifactError, match=r"; (run|build)"):
                read_release(copied, version, home.encoder)
            path.write_bytes(content)
    read_release(copied, version, home.encoder)


@pytest.mark.parametrize("part", ["candidates.arrow", "features.arrow", "columns/stored.npy"])
def test_a_file_of_another_release_is_refused(home: Home, copied: Path, tmp_path: Path, part: str) -> None:
    other = tmp_path / "other" / home.build(tmp_path / "other", "job_feed")
    foreign = copied / newest(copied) / part
    foreign.unlink()
    foreign.write_bytes((other / part).read_bytes())
    with pytest.raises(ArtifactError, match=f"{part} is missing or altered; {REBUILD}"):
        read_release(copied, newest(copied), home.encoder)


def test_the_index_of_another_release_is_refused(home: Home, copied: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / home.build(tmp_path / "other", "job_feed")
    shutil.rmtree(copied / newest(copied) / "index")
    shutil.copytree(other / "index", copied / newest(copied) / "index")
    with pytest.raises(ArtifactError, match=f"index/retriever.json is missing or altered; {REBUILD}"):
        read_release(copied, newest(copied), home.encoder)


def test_a_release_under_another_version_is_refused(home: Home, copied: Path) -> None:
    later = newest(copied).replace("20260131", "20260201")
    (copied / newest(copied)).rename(copied / later)
    with pytest.raises(ArtifactError, match=f"is altered or of another release; {REBUILD}"):
        read_release(copied, later, home.encoder)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_damaged_pointer_is_refused(copied: Path, content: str) -> None:
    (copied / "current.json").write_text(content)
    with pytest.raises(ArtifactError, match=f"points at no release; {REBUILD}"):
        newest_version(copied)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"{}", b"null"])
def test_a_manifest_that_is_none_is_refused(home: Home, copied: Path, content: bytes) -> None:
    (copied / newest(copied) / "release.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=f"holds no candidate release; {REBUILD}"):
        read_release(copied, newest(copied), home.encoder)


def test_another_format_is_refused(home: Home, copied: Path) -> None:
    path = copied / newest(copied) / "release.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(ArtifactError, match=f"has release format 99, this metier reads 4; {REBUILD}"):
        read_release(copied, newest(copied), home.encoder)


def test_a_release_by_another_encoder_is_refused(home: Home, copied: Path, tmp_path: Path) -> None:
    home.encoder.save(tmp_path / "encoder")
    path = tmp_path / "encoder" / "encoder.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "query_tokens": 16}))
    with pytest.raises(ArtifactError, match="; rebuild the candidate index with the encoder that serves"):
        read_release(copied, newest(copied), Encoder.load(tmp_path / "encoder"))


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(Settings(home=tmp_path_factory.mktemp("german"), language="de"), Encoder.load())
    add(made.lake, "freelancers", person("M", "Maler für Häuser"), person("T", "Tischler", city="Köln"))
    build_all(made.lake, made.settings, AS_OF, made.encoder)
    FeatureStoreClient(made.settings).apply()
    return made


def test_a_release_is_searched_in_the_language_of_its_bundle(german: Home, tmp_path: Path) -> None:
    german.build(tmp_path)
    release = read_release(tmp_path, newest(tmp_path), german.encoder)
    assert (release.retriever.lexical.language, release.candidates.vectors.language) == ("de", "de")
    assert release.retriever.lexical.search("ein Haus", 2)[0].tolist() == [0]
    index = json.loads((tmp_path / newest(tmp_path) / "index" / "retriever.json").read_text())
    assert index["language"] == "de"


def test_a_bundle_keeps_its_language_where_features_changed_theirs(german: Home, tmp_path: Path) -> None:
    corpus = german.corpus
    english = TextVectors.build(["x"], ["A cook of houses"], corpus.dense[:1]).weights
    vectors = vectors_by(english, corpus, german.lake, AS_OF)
    assert vectors.language == "en"
    read = FeatureStoreClient(german.settings).training_features
    build_release(ReleaseSource("talent_search", german.lake, read, german.encoder, vectors), AS_OF, tmp_path)
    release = read_release(tmp_path, newest(tmp_path), german.encoder)
    assert (release.retriever.lexical.language, release.candidates.vectors.language) == ("en", "en")
    assert release.retriever.lexical.search("ein Haus", 2)[0].tolist() == []


def test_an_index_of_another_language_than_its_vectors_is_refused(german: Home, tmp_path: Path) -> None:
    german.build(tmp_path)
    home = tmp_path / newest(tmp_path)
    index = home / "index" / "retriever.json"
    index.write_text(index.read_text().replace('"language": "de"', '"language": "en"'))
    manifest = from_json(ReleaseManifest, (home / "release.json").read_text())
    write_manifest(home, replace(manifest, files={**manifest.files, "index/retriever.json": sha256_of(index)}))
    with pytest.raises(ArtifactError, match=f"indexes texts as en and weighs them as de; {REBUILD}"):
        read_release(tmp_path, home.name, german.encoder)
