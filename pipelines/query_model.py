"""The `query_model` pipeline: a small language model learns to read queries of the home's taxonomy. Wiring only."""

from kfp import dsl

from components.train_query_model import train_query_model


@dsl.pipeline(name="metier-query-model")
def query_model(inputs_digest: str, base: str = "", workers: int = 0, steps: int = 400) -> str:
    """One line on what the model is worth on held-out searches, and how to serve it.

    Args:
        inputs_digest: What the skills and the code are; a run that is given the same is answered from the cache.
        base: Folder of a transformers model, or a GGUF file, on the volume; empty: the small model of `make llm`.
        workers: Workers of Ray Train; 0: the step trains by itself.
        steps: Steps of the optimiser.
    """
    trained = train_query_model(base=base, workers=workers, steps=steps, inputs_digest=inputs_digest)
    return trained.outputs["Output"]  # type: ignore[no-any-return]
