"""Features with their vectors: a text is encoded once, what did not change is left alone."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feature_repo.build.feature_tables import FIT_FILE, VECTORS, build_all, read_vectors
from feature_repo.texts import TextVectors
from feature_repo.texts.text import ANALYSIS, card_text, text_key
from metier.contract import TABLES
from metier.errors import FeatureError
from metier.lake import Lake
from metier.settings import Settings

START = datetime(2024, 3, 1, tzinfo=UTC)


class CountingEncoder:
    """Vectors that say what was encoded and how; remembers what it was asked for."""

    def __init__(self, name="first"):
        self.hash = name
        self.asked = []

    def encode_cards(self, texts):
        return self._vectors(texts, 1.0)

    def encode_queries(self, texts):
        return self._vectors(texts, -1.0)

    def _vectors(self, texts, sign):
        self.asked += texts
        rows = np.zeros((len(texts), 384), np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[int(text_key(text), 16) % 384] = sign
        return rows


def day(days):
    return START + timedelta(days=days)


def append(lake, table, *rows):
    full = [{column.name: row.get(column.name, column.default) for column in TABLES[table].columns} for row in rows]
    lake.append(table, pa.Table.from_pylist(full, TABLES[table].schema))


def job(name, days, **row):
    told = {"job_id": name, "description": "d", "skills": [], "visibility": "public", "status": "open", **row}
    return {**told, "event_timestamp": day(days), "recorded_at": day(days)}


def typed(name, days, text):
    told = {"query_id": name, "surface": "job_feed", "actor_id": "f1", "text": text}
    return {**told, "event_timestamp": day(days), "recorded_at": day(days)}


COOK, BAKER = card_text("Cook", "d", []), card_text("Baker", "d", [])


@pytest.fixture
def home(tmp_path):
    """Settings and the lake of two jobs and a query, built as of day 3."""
    settings = Settings(home=tmp_path)
    lake = Lake(settings.lake)
    append(lake, "jobs", job("j1", 1, title="Cook"), job("j2", 2, title="Baker"))
    append(lake, "queries", typed("q1", 1, "bread"))
    encoder = CountingEncoder()
    assert build_all(lake, settings, day(3), encoder).encoded == 2
    assert sorted(encoder.asked) == sorted([COOK, BAKER, "bread"])
    return settings, lake


def signs(settings, *texts):
    """1 where the text was encoded as a text, -1 where as a query, 0 where it is unknown."""
    vectors = TextVectors.read(settings.features / VECTORS)
    return vectors.dense_at(vectors.rows([text_key(text) for text in texts])).sum(axis=1).tolist()


def test_only_new_texts_are_encoded(home):
    settings, lake = home
    append(lake, "jobs", job("j1", 4, title="Waiter"))
    append(lake, "queries", typed("q2", 4, "coffee"))
    encoder = CountingEncoder()
    report = build_all(lake, settings, day(5), encoder)
    assert encoder.asked == [card_text("Waiter", "d", []), "coffee"]
    assert (report.texts, report.encoded) == (3, 1)
    assert report.rows["job_text"] == 1
    assert signs(settings, COOK, BAKER, "bread", "coffee", "tea") == [1, 1, -1, -1, 0]
    rows = pq.read_table(settings.features / "job_text").to_pylist()
    assert [row["text_key"] for row in rows] == [
        text_key(card_text(title, "d", [])) for title in ("Cook", "Baker", "Waiter")
    ]
    for row in rows:
        assert np.flatnonzero(row["embedding"]).tolist() == [int(row["text_key"], 16) % 384]


def test_a_typed_text_that_becomes_a_jobs_text_is_encoded_as_one(home):
    settings, lake = home
    append(lake, "queries", typed("q2", 4, card_text("Waiter", "d", [])))
    build_all(lake, settings, day(5), CountingEncoder())
    assert signs(settings, card_text("Waiter", "d", [])) == [-1]
    append(lake, "jobs", job("j3", 6, title="Waiter"))
    encoder = CountingEncoder()
    build_all(lake, settings, day(7), encoder)
    assert encoder.asked == [card_text("Waiter", "d", [])]
    assert signs(settings, card_text("Waiter", "d", []), "bread") == [1, -1]


def test_a_styled_text_shares_the_key_and_the_vector_of_its_plain_twin(home):
    settings, lake = home
    append(lake, "jobs", job("j3", 4, title="Ｃook"), job("j4", 4, title="𝗪𝗮𝗶𝘁𝗲𝗿"), job("j5", 4, title="Waiter"))
    append(lake, "queries", typed("q2", 4, "Ⓑread"), typed("q3", 4, "bread"), typed("q4", 4, "Bread"))
    encoder = CountingEncoder()
    report = build_all(lake, settings, day(5), encoder)
    assert (report.texts, report.encoded) == (3, 1)
    assert sorted(text_key(text) for text in encoder.asked) == sorted(
        text_key(text) for text in (card_text("Waiter", "d", []), "Bread")
    )
    profiles = {row["job_id"]: row["text_key"] for row in pq.read_table(settings.features / "job_profile").to_pylist()}
    assert profiles["j3"] == profiles["j1"] == text_key(COOK)
    assert profiles["j4"] == profiles["j5"]


def test_weights_of_an_earlier_analysis_are_fitted_anew_and_nothing_is_encoded(home):
    settings, lake = home
    fitted = settings.features / VECTORS / FIT_FILE
    told = json.loads(fitted.read_bytes())
    assert told.pop("analysis") == ANALYSIS
    fitted.write_text(json.dumps(told))
    before = fitted.stat().st_ino
    encoder = CountingEncoder()
    assert build_all(lake, settings, day(3), encoder).encoded == 0
    assert encoder.asked == []
    assert json.loads(fitted.read_bytes())["analysis"] == ANALYSIS
    assert fitted.stat().st_ino != before


def test_nothing_new_leaves_every_file_alone(home):
    settings, lake = home
    files = {path: path.stat().st_ino for path in settings.features.rglob("*") if path.is_file()}
    encoder = CountingEncoder()
    report = build_all(lake, settings, day(3), encoder)
    assert (sum(report.rows.values()), report.encoded, encoder.asked) == (0, 0, [])
    assert {path: path.stat().st_ino for path in settings.features.rglob("*") if path.is_file()} == files


def test_another_encoder_encodes_everything(home):
    settings, lake = home
    encoder = CountingEncoder("second")
    report = build_all(lake, settings, day(3), encoder)
    assert (report.encoded, report.rows["job_text"]) == (2, 2)
    assert sorted(encoder.asked) == sorted([COOK, BAKER, "bread"])


def test_a_day_of_vectors_that_a_killed_build_left_out_is_written_by_the_next(home):
    settings, lake = home
    expected = pq.read_table(settings.features / "job_text")
    (settings.features / "job_text" / "2024-03-02.parquet").unlink()
    report = build_all(lake, settings, day(3), CountingEncoder())
    assert (report.rows["job_text"], report.encoded) == (1, 0)
    assert pq.read_table(settings.features / "job_text").equals(expected)


def cosine(vectors, left, right):
    """Of TF-IDF rows: above 0 where the texts share a stem."""
    rows = vectors.weights.lexical([left, right]).toarray()
    return float(rows[0] @ rows[1])


def test_texts_are_stemmed_in_the_language_of_the_settings(home):
    settings, lake = home
    append(lake, "jobs", job("j3", 3, title="Zwei Häuser streichen"))
    build_all(lake, settings, day(4), CountingEncoder())
    assert cosine(read_vectors(settings), "Häuser", "ein Haus") == 0
    german, encoder = settings.model_copy(update={"language": "de"}), CountingEncoder()
    report = build_all(lake, german, day(4), encoder)
    vectors = read_vectors(german)
    assert vectors.language == "de"
    assert cosine(vectors, "Häuser", "ein Haus") > 0
    assert (report.encoded, encoder.asked) == (0, [])
    fitted = TextVectors.build(
        vectors.keys[:3], [COOK, BAKER, card_text("Zwei Häuser streichen", "d", [])], vectors.dense[:3], language="de"
    )
    assert vectors.weights.equals(fitted.weights)


def test_features_of_another_language_are_refused_until_they_are_built_again(home):
    settings, lake = home
    french = settings.model_copy(update={"language": "fr"})
    with pytest.raises(FeatureError, match="stemmed as en, and METIER_LANGUAGE is fr; run `metier features build`"):
        read_vectors(french)
    build_all(lake, french, day(3), CountingEncoder())
    assert read_vectors(french).language == "fr"
    with pytest.raises(FeatureError, match="stemmed as fr, and METIER_LANGUAGE is en"):
        read_vectors(settings)
