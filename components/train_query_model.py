"""Step: adapt a small language model so that it reads queries, by searches drawn from the taxonomy."""

from kfp import dsl

from components.step import step


@step()
def train_query_model(
    base: str,
    workers: int,
    steps: int,
    inputs_digest: str,
    model: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
) -> str:
    """Write the adapter (peft, and as GGUF for llama.cpp) and what it reads of held-out searches, beside its base.

    `base`: a transformers folder or a GGUF file; empty: the small model of `make llm`. `workers`: of Ray Train; 0
    trains in this process. Returns one line on where the adapter is and what it is worth.
    """
    from pathlib import Path

    from components.language.query_model.bases import small_base
    from components.language.query_model.runs import trained
    from components.language.query_model.training import Recipe
    from components.language.taxonomy import taxonomy_of
    from components.measures.slots import compared
    from metier.settings import load_settings

    taxonomy, start = taxonomy_of(load_settings().taxonomy), Path(base) if base else small_base()
    tuned, plain = trained(start, taxonomy, Recipe(steps=steps), workers, Path(model.path))
    figures = compared(tuned.counts, plain.counts)
    for name, value in {**figures, "valid": tuned.valid, "base_valid": plain.valid, "ms": tuned.ms}.items():
        metrics.log_metric(name, value)
    line = f"slot F1 {figures['f1']:.3f}, {figures['gain']:+.3f} over the base; serve {model.path}/adapter.gguf"
    print(f"metier: {line}")
    return line
