"""LoRA on a base model, so that it writes the words of a search. Loads torch and peft when asked; knows no Ray.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021): https://arxiv.org/abs/2106.09685
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from components.language.query_model.prompts import asked
from components.language.query_model.searches import Search

LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj")
"""Of each layer of the base, those that are adapted: attention alone takes half the time of all linear layers."""
IGNORED = -100
WARM_UP = 0.05
CLIP = 1.0


@dataclass(frozen=True)
class Recipe:
    """`steps` of `batch` searches a worker; `rank` of the adapter, whose scale is twice it."""

    steps: int = 400
    batch: int = 8
    rank: int = 16
    learning_rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True)
class Worker:
    """Which of `of` workers this is; `prepared` joins a module with those of the others."""

    number: int = 0
    of: int = 1
    prepared: Callable[[Any], Any] = lambda module: module


def prompt_of(tokenizer: Any, search: Search, *, tuned: bool = True) -> str:
    """The turns that ask for a search's words, as the model reads them."""
    turns = [{"role": turn.role, "content": turn.content} for turn in asked(search.text, search.surface, tuned=tuned)]
    return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))


def fitted(
    base: Any,
    tokenizer: Any,
    found: Sequence[Search],
    recipe: Recipe,
    worker: Worker | None = None,
    show: Callable[[str], None] = print,
) -> Any:
    """The base with a trained adapter; the loss is that of the target's tokens alone.

    Workers draw from shares of the searches, and average their gradients by what `prepared` makes of the module.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    worker = worker or Worker()
    torch.manual_seed(recipe.seed)
    lora = LoraConfig(r=recipe.rank, lora_alpha=2 * recipe.rank, target_modules=list(LAYERS), task_type="CAUSAL_LM")
    model = get_peft_model(base, lora)
    module = worker.prepared(_loss_module(model))
    weights = [each for each in model.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.learning_rate, weight_decay=0.0)
    pace = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _pace(step, recipe.steps))
    batches = _batches(tokenizer, found[worker.number :: worker.of], recipe, worker.number)
    model.train()
    for step, batch in zip(range(1, recipe.steps + 1), batches, strict=False):
        loss = module(**{name: values.to(base.device) for name, values in batch.items()})
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, CLIP)
        optimizer.step()
        pace.step()
        optimizer.zero_grad()
        if worker.number == 0 and (step % 20 == 0 or step == recipe.steps):
            show(f"metier: step {step} of {recipe.steps}, loss {loss.item():.4f}")
    return model.eval()


def _pace(step: int, steps: int) -> float:
    """Up to the learning rate, then down to nothing, in straight lines."""
    warm = max(1.0, WARM_UP * steps)
    return min((step + 1) / warm, max(0.0, (steps - step) / max(1.0, steps - warm)))


def _loss_module(model: Any) -> Any:
    """Logits are computed of the places that count alone: a vocabulary is most of a small model's memory."""
    import torch

    class Loss(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, labels: Any) -> Any:
            inner = self.model.base_model.model
            hidden = inner.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, :-1]
            following = labels[:, 1:]
            logits = inner.lm_head(hidden[following != IGNORED])
            return torch.nn.functional.cross_entropy(logits.float(), following[following != IGNORED])

    return Loss()


def _batches(tokenizer: Any, found: Sequence[Search], recipe: Recipe, number: int) -> Iterator[dict[str, Any]]:
    """Batches without end; every search once before any is seen again."""
    import torch

    pairs = [_encoded(tokenizer, search) for search in found]
    draw = random.Random(f"{recipe.seed} {number}")  # noqa: S311
    order: list[int] = []
    while True:
        while len(order) < recipe.batch:
            order += draw.sample(range(len(pairs)), len(pairs))
        chosen, order = [pairs[at] for at in order[: recipe.batch]], order[recipe.batch :]
        longest = max(len(prompt) + len(target) for prompt, target in chosen)
        rows = []
        for prompt, target in chosen:
            padding = longest - len(prompt) - len(target)
            ids = prompt + target + [tokenizer.pad_token_id] * padding
            labels = [IGNORED] * len(prompt) + target + [IGNORED] * padding
            rows.append((ids, [1] * (longest - padding) + [0] * padding, labels))
        names = ("input_ids", "attention_mask", "labels")
        yield {name: torch.tensor(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}


def _encoded(tokenizer: Any, search: Search) -> tuple[list[int], list[int]]:
    """Tokens of the prompt, and of the words with the mark of an end."""
    prompt = tokenizer(prompt_of(tokenizer, search), add_special_tokens=False)["input_ids"]
    target = tokenizer(search.words.compact(), add_special_tokens=False)["input_ids"]
    return prompt, [*target, tokenizer.eos_token_id]
