"""What can be set of the neural ranker."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class NeuralConfig:
    """Hyperparameters; the defaults hold from some hundred queries to a million rows."""

    hidden: tuple[int, ...] = (256, 128)
    crosses: int = 2
    cross_rank: int = 32
    embedding_width: int = 8
    rarest_code: int = 20
    """A category held by fewer training rows shares the embedding of the unknown."""
    dropout: float = 0.5
    input_dropout: float = 0.2
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    largest_gradient: float = 5.0
    batch_rows: int = 4_096
    epochs: int = 15
    row_visits: int = 5_000_000
    """Epochs are cut, down to one, so that a network sees at most so many rows."""
    networks: int = 5
    few_rows: int = 50_000
    """Fewer training rows than this: `networks` of them are averaged. More: one is trained."""
    student_hidden: tuple[int, ...] = (128, 64)
    margin: float = 0.002
    """A network that learned from the averaged ones replaces them unless it loses more NDCG@10 than this."""
    head_weight: float = 0.3
    """Weight of the outcome heads beside the listwise loss."""
    unbiased: bool = False
    """Whether the loss has a term of its own for the rank at which a row was displayed, which is dropped with it. Needs
    that rank."""
    seed: int = 0
