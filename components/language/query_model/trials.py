"""What a model that is loaded here writes of searches, and how much of it is right. Loads torch when asked."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from components.language.query_model.asking import MOST_TOKENS
from components.language.query_model.pairs import counted
from components.language.query_model.reading import plan_of
from components.language.query_model.searches import Search
from components.language.query_model.training import prompt_of
from components.language.query_model.words import Words
from components.language.taxonomy import Taxonomy

AT_ONCE = 16
"""Searches that are answered side by side."""


@dataclass(frozen=True)
class Trial:
    """`counts`: of each search the pairs that are right, planned and asked; what keeps no schema plans nothing."""

    counts: list[tuple[int, int, int]]
    valid: float
    """Share of the answers that keep the schema."""
    ms: float
    """A search, of those side by side."""


def tried_beside_base(adapted: Any, tokenizer: Any, found: Sequence[Search], taxonomy: Taxonomy) -> tuple[Trial, Trial]:
    """Trials of the tuned model and of its base, whose adapter is put aside meanwhile."""
    tuned = tried(adapted, tokenizer, found, taxonomy, tuned=True)
    with adapted.disable_adapter():
        return tuned, tried(adapted, tokenizer, found, taxonomy, tuned=False)


def tried(model: Any, tokenizer: Any, found: Sequence[Search], taxonomy: Taxonomy, *, tuned: bool) -> Trial:
    """One trial of the model, told what `asked` tells one that is `tuned` or not."""
    begun = time.perf_counter()
    answers: list[str] = []
    for first in range(0, len(found), AT_ONCE):
        prompts = [prompt_of(tokenizer, search, tuned=tuned) for search in found[first : first + AT_ONCE]]
        answers += _written(model, tokenizer, prompts)
    took = time.perf_counter() - begun
    read = [_read(answer) for answer in answers]
    counts = [
        counted(plan_of(words or Words(), search.text, taxonomy), search.plan, taxonomy)
        for words, search in zip(read, found, strict=True)
    ]
    return Trial(counts, sum(words is not None for words in read) / len(found), 1e3 * took / len(found))


def _written(model: Any, tokenizer: Any, prompts: Sequence[str]) -> list[str]:
    """The likeliest answer to each, word by word."""
    import torch

    tokenizer.padding_side = "left"
    batch = tokenizer(prompts, add_special_tokens=False, padding=True, return_tensors="pt").to(model.device)
    with torch.inference_mode():
        ids = model.generate(**batch, max_new_tokens=MOST_TOKENS, do_sample=False, pad_token_id=tokenizer.pad_token_id)
    texts: list[str] = tokenizer.batch_decode(ids[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    return texts


def _read(answer: str) -> Words | None:
    try:
        return Words.model_validate_json(answer)
    except ValidationError:
        return None
