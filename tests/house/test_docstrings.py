"""What a reader may call shows how: the examples of these docstrings run, and give what they say."""

import doctest
from importlib import import_module

import pytest

EXAMPLES = {
    "components.language.reasons": ("in_words", "topics_of"),
    "components.measures": (
        "hit_rate_at_k",
        "mean_interval",
        "mrr",
        "ndcg_at_k",
        "paired_difference",
        "recall_at_k",
    ),
    "components.measures.examination": ("estimate_examination",),
    "components.measures.off_policy": ("estimate",),
    "components.measures.slices": ("slices_of", "seen_before"),
    "components.measures.exposure": ("exposure_at_k", "gini", "share_of_least"),
    "components.retrieval": ("Eligibility", "HybridRetriever"),
    "components.ranking": ("Ensemble", "ExternalRanker", "NeuralRanker", "Ranker", "XGBoostRanker"),
    "components.ranking.blending.typical": ("typical_row",),
    "components.ranking.explanations.groups": ("group_contributions",),
    "metier.languages": ("language_code",),
}
"""Names by module; those that a room re-exports stand under the room."""


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in EXAMPLES.items() for name in names])
def test_the_example_of_a_docstring_gives_what_it_says(module, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = getattr(import_module(module), name)
    examples = doctest.DocTestFinder(recurse=False).find(shown, name, globs=vars(import_module(module)).copy())
    result, runner = [], doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for example in examples:
        runner.run(example, out=result.append)
    assert runner.tries > 0, f"{module}.{name} has no example"
    assert runner.failures == 0, "".join(result)
