"""Two replicas that serve one release hold its pages once: what each has of its own is small against the files."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from components.releases.candidate_release import CandidateRelease
from components.releases.candidate_rows import CandidateRows
from components.retrieval import HybridRetriever
from components.retrieval.pair_facts import PairFacts
from feature_repo.texts import Encoder, TextVectors
from feature_repo.texts.text import text_key

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
FEW, MANY = "20260228T000000.000000Z-00000000", "20260301T000000.000000Z-00000000"
REPLICA = """
import gc, json, sys
from pathlib import Path
import numpy as np, psutil
from feature_repo.texts import Encoder
from components.releases.candidate_release import read_release
from serving.candidates.snapshot import ReleaseSnapshot

def own():
    gc.collect()
    return psutil.Process().memory_full_info()

def used(version):
    snapshot = ReleaseSnapshot(read_release(Path(sys.argv[1]), version, encoder))
    release, columns = snapshot.release, snapshot.columns
    lexical = release.candidates.vectors.padded_lexical
    dense = release.candidates.vectors.padded_dense, release.retriever.dense.vectors
    for array in (*dense, lexical.data, lexical.indices, columns.stored):
        array.ravel().view(np.uint8)[::512].max()
    snapshot.values(snapshot.ids_at(np.arange(20)), ["freelancer_profile__title", "freelancer_activity__clicks_7d"])
    snapshot.popularity, snapshot.in_category(np.arange(20), "c"), snapshot.agencies(np.arange(20))
    return snapshot

encoder = Encoder.load()
used(sys.argv[2])  # loads what libraries load lazily
before = own()
snapshot = used(sys.argv[3])
print("loaded", flush=True)
sys.stdin.readline()
after = own()
print(json.dumps({"own": after.uss - before.uss, "resident": after.rss - before.rss, "pss": after.pss - before.pss}))
sys.stdout.flush()
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("releases")
    for version, size in ((FEW, 50), (MANY, 12_000)):
        (folder / version).mkdir()
        made(version, size).write(folder / version)
    return folder


def made(version: str, size: int) -> CandidateRelease:
    """People with short texts."""
    ids = [f"fr_{row:06d}" for row in range(size)]
    texts = [f"w{row % 977} w{row % 31}. . " for row in range(size)]
    rows = np.random.default_rng(0).normal(size=(size, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    keys = [text_key(f"{name}{text}") for name, text in zip(ids, texts, strict=True)]
    encoder, vectors = Encoder.load(), TextVectors.build(keys, texts, rows)
    candidates = pa.table({"id": ids, "freelancer_id": ids, "status": ["listed"] * size, "category": ["c"] * size})
    features = pa.table(
        {
            "candidate_id": ids,
            "freelancer_profile__text_key": keys,
            "freelancer_profile__title": texts,
            "freelancer_profile__skills": [["sql", "python"]] * size,
            "freelancer_profile__category": ["c"] * size,
            "freelancer_profile__agency_id": pa.nulls(size, pa.string()),
            "freelancer_activity__clicks_7d": pa.array(np.arange(size), pa.float32()),
            "freelancer_activity__clicks_30d": pa.array(np.arange(size), pa.float32()),
            "freelancer_activity__impressions_30d": pa.array(np.arange(size), pa.float32()),
        }
    )
    retriever = HybridRetriever.build(ids, texts, encoder, embeddings=vectors.dense)
    rows = CandidateRows.encode("talent_search", candidates, features, vectors, facts=PairFacts())
    return CandidateRelease.of(version, AS_OF, rows, retriever)


def test_replicas_share_the_pages_of_a_release(folder):
    size = sum(path.stat().st_size for path in (folder / MANY).rglob("*") if path.is_file())
    command = [sys.executable, "-c", REPLICA, str(folder), FEW, MANY]
    replicas = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        assert [replica.stdout.readline() for replica in replicas] == ["loaded\n"] * 2
        told = []
        for replica in replicas:
            replica.stdin.write("measure\n")
            replica.stdin.flush()
            told.append(json.loads(replica.stdout.readline()))
    finally:
        for replica in replicas:
            replica.communicate("end\n", timeout=60)
    for replica in told:
        assert replica["resident"] > size / 2  # it has really read what it maps
        assert replica["own"] < size / 10, (told, size)
    assert sum(replica["pss"] for replica in told) < 1.2 * size, (told, size)
