"""The embedding rule and the encoder's border: what may go in, what must come out, what is refused."""

import gc
import hashlib
import json
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_repo.texts import Encoder
from feature_repo.texts.encoder_files import MANIFEST, MODEL
from metier.errors import ArtifactError, InputError

LONG = " ".join(f"migrate billing service {i} from Java to Kotlin, tune Postgres" for i in range(80))
TEXTS = [
    "Senior Java developer",
    "",
    "line cook",
    LONG,
    "Übersetzerin für Französisch und 日本語 – Zürich",
    "🚀🚀 growth hacker 🧑‍🚀",
    "   \n\t ",
    "x" * 200_000,
    "\ud83d broken half of a pair",
    "null\x00byte",
    "registered nurse, night shift, intensive care",
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def encoder(cache: Path) -> Encoder:
    return Encoder.load(cache_dir=cache)


def test_vectors_are_float32_unit_rows_of_the_texts(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_an_embedding_alone_in_a_batch_and_beside_a_256_token_text_differs_by_a_millionth_at_most(
    encoder: Encoder,
) -> None:
    alone = np.vstack([encoder.encode([text]) for text in TEXTS])
    together = encoder.encode(TEXTS)
    beside = np.vstack([encoder.encode([LONG, text])[1] for text in TEXTS])
    backwards = encoder.encode(TEXTS[::-1])[::-1]
    crowded = encoder.encode(TEXTS + [f"{text} again" for text in TEXTS] * 3)[: len(TEXTS)]
    for other in (together, beside, backwards, crowded):
        assert np.abs(alone - other).max() <= 1e-6


@pytest.mark.parametrize(("name", "words"), [("encode_queries", 30), ("encode_cards", 46)])
def test_queries_and_cards_obey_the_rule_too_and_are_cut_at_32_and_48_tokens(
    encoder: Encoder, name: str, words: int
) -> None:
    first, cut_off = " ".join(["cook"] * words), getattr(encoder, name)
    alone, cut = cut_off([first]), cut_off([f"{first} and a kitchen", LONG])[:1]
    assert np.abs(alone - cut).max() <= 1e-6
    assert np.abs(cut_off([first.removesuffix(" cook")]) - alone).max() > 0
    assert np.abs(encoder.encode([first]) - encoder.encode([f"{first} and a kitchen"])).max() > 1e-3


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_any_text_in_any_order_has_one_embedding(encoder: Encoder, texts: list[str], random) -> None:
    order = list(range(len(texts)))
    random.shuffle(order)
    shuffled = encoder.encode([texts[i] for i in order])
    assert np.abs(encoder.encode(texts)[order] - shuffled).max() <= 1e-6


def test_a_styled_text_has_the_vector_of_its_plain_twin(encoder: Encoder) -> None:
    styled = ["𝗣𝗮𝘀𝘁𝗿𝘆 𝗰𝗵𝗲𝗳 – “ﬁne” cakes", "Ｐastry che​f — 'fine'  cakes"]
    plain = ['Pastry chef - "fine" cakes', "Pastry chef - 'fine'  cakes"]
    for encode in (encoder.encode, encoder.encode_cards, encoder.encode_queries):
        assert np.array_equal(encode(styled), encode(plain))


def test_equal_texts_are_encoded_once_and_progress_counts_them_once(encoder: Encoder) -> None:
    seen: list[tuple[int, int]] = []
    vectors = encoder.encode(["cook", "nurse", "cook"], progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2, 2)
    np.testing.assert_array_equal(vectors[0], vectors[2])


def test_no_text_gives_no_rows_and_one_bare_text_is_refused(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)
    with pytest.raises(InputError, match="put it in a list"):
        encoder.encode("cook")


def test_meaning_orders_texts(encoder: Encoder) -> None:
    query, near, far = encoder.encode(["backend engineer for web services", "server-side developer", "pastry chef"])
    assert query @ near > query @ far + 0.2


def test_a_saved_encoder_has_the_same_hash_and_vectors_and_an_altered_one_is_refused(
    encoder: Encoder, tmp_path: Path
) -> None:
    encoder.save(tmp_path / "copy")
    copy = Encoder.load(tmp_path / "copy")
    assert copy.hash == encoder.hash
    np.testing.assert_array_equal(copy.encode(TEXTS[:4]), encoder.encode(TEXTS[:4]))
    content = bytearray((tmp_path / "copy" / MODEL).read_bytes())
    content[-1] ^= 1
    (tmp_path / "copy" / MODEL).write_bytes(content)
    with pytest.raises(ArtifactError, match="missing or altered"):
        Encoder.load(tmp_path / "copy")


def test_the_hash_depends_on_the_token_limit(encoder: Encoder, tmp_path: Path) -> None:
    encoder.save(tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**manifest, "max_tokens": 128}))
    assert Encoder.load(tmp_path).hash != encoder.hash


def test_an_empty_folder_is_refused_with_the_next_move(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"Encoder\.save"):
        Encoder.load(tmp_path)


def test_threads_share_an_encoder(encoder: Encoder) -> None:
    expected = encoder.encode(TEXTS)
    found: list[float] = []

    def compare() -> None:
        found.append(float(np.abs(encoder.encode(TEXTS) - expected).max()))

    threads = [threading.Thread(target=compare) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert max(found) <= 1e-6


def test_encoders_of_equal_files_share_one_session_which_goes_with_the_last(encoder: Encoder, tmp_path: Path) -> None:
    for name in ("first", "second"):
        encoder.save(tmp_path / name)
    first, second = Encoder.load(tmp_path / "first"), Encoder.load(tmp_path / "second")
    assert first.hash == second.hash
    assert first._model is second._model is encoder._model

    (tmp_path / "first" / "probe.json").write_text((tmp_path / "first" / "probe.json").read_text() + " ")
    manifest = json.loads((tmp_path / "first" / "encoder.json").read_text())
    manifest["files"]["probe.json"] = hashlib.sha256((tmp_path / "first" / "probe.json").read_bytes()).hexdigest()
    (tmp_path / "first" / "encoder.json").write_text(json.dumps(manifest))
    other = Encoder.load(tmp_path / "first")
    assert other._model is not second._model
    held = weakref.ref(other._model)
    del other
    gc.collect()
    assert held() is None


def test_equal_files_with_other_token_limits_share_a_session_and_not_a_hash(encoder: Encoder, tmp_path: Path) -> None:
    encoder.save(tmp_path)
    manifest = json.loads((tmp_path / "encoder.json").read_text())
    (tmp_path / "encoder.json").write_text(json.dumps({**manifest, "query_tokens": 4}))
    shorter = Encoder.load(tmp_path)
    assert shorter.hash != encoder.hash
    assert shorter._model is encoder._model
    text = "one two three four five six"
    assert not np.array_equal(shorter.encode_queries([text]), encoder.encode_queries([text]))
