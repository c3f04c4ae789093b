"""A LoRA adapter of a model of Llama's form as GGUF, which llama.cpp adds to its base as it is served.

The rows of q and k are stored in llama.cpp's order of rotary halves, as its convert_lora_to_gguf.py has them. Imports
gguf when asked; knows no torch.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from metier.durable import replacing
from metier.errors import InputError

_TENSOR = re.compile(r".*\.layers\.(?P<layer>\d+)\.\w+\.(?P<name>\w+)\.lora_(?P<half>[AB])\.weight")
_NAMES = {
    "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
    "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
}  # fmt: skip


def write_adapter(folder: Path, config: Any, out: Path) -> None:
    """The adapter that peft saved in `folder` as the file `out`; `config` is the base model's.

    InputError for a base of another form, whose layers have other names and orders.
    """
    import gguf

    if config.model_type != "llama":
        raise InputError(
            f"an adapter of a {config.model_type} model is not written as GGUF; serve the peft folder, or train on a "
            "base of Llama's form"
        )
    told = json.loads((folder / "adapter_config.json").read_text())
    with replacing(out) as unfinished:
        writer = gguf.GGUFWriter(unfinished, "llama")
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(told["lora_alpha"]))
        for name, values in _tensors(folder, config):
            writer.add_tensor(name, values)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def _tensors(folder: Path, config: Any) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """llama.cpp's name of each tensor, and its values."""
    from safetensors.numpy import load_file

    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for stored, values in sorted(load_file(folder / "adapter_model.safetensors").items()):
        found = _TENSOR.fullmatch(stored)
        if found is None:
            raise InputError(
                f"the adapter holds {stored!r}, which llama.cpp has no name for; train the layers of LAYERS"
            )
        name, half = found["name"], found["half"].lower()
        if half == "b" and name in heads:
            values = permuted(values, heads[name])
        yield f"blk.{found['layer']}.{_NAMES[name]}.weight.lora_{half}", np.ascontiguousarray(values, np.float32)


def permuted(rows: npt.NDArray[Any], heads: int) -> npt.NDArray[Any]:
    """Rows of q or k in llama.cpp's order: of each head, those of the two rotary halves in turn.

    >>> permuted(np.arange(8)[:, None], 2).ravel().tolist()
    [0, 2, 1, 3, 4, 6, 5, 7]
    """
    halves = rows.reshape(heads, 2, len(rows) // heads // 2, *rows.shape[1:])
    return halves.swapaxes(1, 2).reshape(rows.shape)
