"""The `query_model` pipeline: a small language model learns to read queries of the home's taxonomy. Wiring only."""

from kfp import dsl

from components.train_query_model import train_query_model


@dsl.pipeline(name="metier-query-model")
def query_model(inputs_digest: str, base: str = "", workers: int = 0, steps: int = 400) -> str:
    """One line on what the model is worth on held-out searches, and how to serve it."""
    trained = train_query_model(base=base, workers=workers, steps=steps, inputs_digest=inputs_digest)
    return trained.outputs["Output"]  # type: ignore[no-any-return]
