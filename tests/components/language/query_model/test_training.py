"""Training on a tiny base: the loss falls, the files are whole, in llama.cpp's order; refusals; workers of Ray."""

import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import SimpleNamespace

import numpy as np
import pytest

from components.language.query_model import bases
from components.language.query_model.adapter_gguf import permuted, write_adapter
from components.language.query_model.bases import load_base, small_base
from components.language.query_model.runs import trained
from components.language.query_model.searches import searches
from components.language.query_model.training import Recipe, fitted
from components.language.taxonomy import Skill, Taxonomy
from metier.errors import InputError
from tests.components.language.query_model.tiny import tiny_base

TAXONOMY = Taxonomy([Skill(name.lower(), name) for name in ("React", "PHP", "Docker", "Figma")])


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_base(tmp_path_factory.mktemp("base"))


def test_the_loss_falls_and_equal_seeds_give_equal_adapters(base):
    found, lines = searches(TAXONOMY, "train", 4), []
    adapters = []
    for _ in range(2):
        model, tokenizer = load_base(base)
        adapted = fitted(model, tokenizer, found, Recipe(steps=40, batch=4, learning_rate=2e-2), show=lines.append)
        adapters.append({name: each for name, each in adapted.state_dict().items() if "lora" in name})
    first, last = (float(re.search(r"loss (\S+)", line)[1]) for line in lines[:2])
    assert last < first
    assert all((each == adapters[1][name]).all() for name, each in adapters[0].items())


def test_a_run_writes_the_adapter_twice_and_two_trials(base, tmp_path):
    import gguf
    from safetensors.numpy import load_file

    tuned, plain = trained(base, TAXONOMY, Recipe(steps=2, batch=2, rank=4), 0, tmp_path / "out", measured_on=3)
    assert len(tuned.counts) == len(plain.counts) == 3
    assert [asked for _, _, asked in tuned.counts] == [asked for _, _, asked in plain.counts]
    stored = load_file(tmp_path / "out" / "adapter" / "adapter_model.safetensors")
    read = gguf.GGUFReader(tmp_path / "out" / "adapter.gguf")
    tensors = {tensor.name: tensor.data for tensor in read.tensors}
    assert len(tensors) == len(stored) == 2 * 4 * 2  # layers, projections, halves
    name = "base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight"
    assert np.array_equal(tensors["blk.1.attn_q.weight.lora_b"], permuted(stored[name], 4))
    assert np.array_equal(tensors["blk.1.attn_q.weight.lora_a"], stored[name.replace("_B", "_A")])
    assert read.fields["adapter.type"].contents() == "lora"
    assert read.fields["adapter.lora.alpha"].contents() == 8.0


@pytest.mark.slow
def test_workers_of_ray_train_one_adapter_together(base, tmp_path):
    recipe, out = Recipe(steps=2, batch=2, rank=4), tmp_path / "out"
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:  # as a step runs, with no Ray before it
        tuned, _ = process.submit(trained, base, TAXONOMY, recipe, 2, out, measured_on=2).result(timeout=300)
    assert len(tuned.counts) == 2
    assert (out / "adapter" / "adapter_model.safetensors").exists()
    assert (out / "adapter.gguf").exists()


def test_what_is_no_base_is_refused_with_the_next_move(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="is no base model; name a transformers folder or a GGUF file"):
        load_base(tmp_path)
    with pytest.raises(InputError, match="is no base model"):
        load_base(tmp_path / "gone.gguf")
    monkeypatch.setattr(bases, "SMALL", ("no_such_package", "x.gguf"))
    with pytest.raises(
        InputError, match=r"no base model is installed: .*run `make llm` once, or set METIER_QUERY_BASE"
    ):
        small_base()


def test_an_adapter_of_another_form_is_not_written(tmp_path):
    with pytest.raises(InputError, match="an adapter of a gpt2 model is not written as GGUF"):
        write_adapter(tmp_path, SimpleNamespace(model_type="gpt2"), tmp_path / "out.gguf")
    assert list(tmp_path.iterdir()) == []
