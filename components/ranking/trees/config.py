"""What trees are fitted by. Knows no library."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class XGBoostConfig:
    """Hyperparameters; the defaults hold from some hundred queries to a million rows.

    XGBoost doubles the curvature of each pair, so a leaf steps half as far as LightGBM's at the same rate: 0.2 here is
    0.1 there. Gains are compared over `pairs_per_row` ranks from the top and are not rescaled by query; that of a pair
    is divided, from the second tree on, by how far apart its scores are, as LightGBM divides it.
    """

    trees: int = 100
    leaves: int = 31
    learning_rate: float = 0.15
    min_child_weight: float = 2.0
    """Least sum of pair curvatures in a leaf."""
    l2: float = 1.0
    pairs_per_row: int = 100
    max_bins: int = 256
    least_trees: int = 10
    """Trees before validation is looked at: the first few tie most rows, and what a tie scores says little."""
    patience: int = 30
    """Further trees without a better validation NDCG@10 before the fit stops."""
    text_vectors: bool = False
    """Whether trees also split on the components of text vectors (`*_v00` ...)."""
    unbiased: bool = False
    """Whether the pairs are rid of position bias, which is estimated as trees grow (Hu et al., "Unbiased LambdaMART",
    WWW 2019). Needs the rank at which each row was displayed."""
    seed: int = 0

    def parameters(self) -> dict[str, Any]:
        """The names XGBoost uses."""
        return {
            "objective": "rank:ndcg",
            "ndcg_exp_gain": True,
            "lambdarank_pair_method": "topk",
            "lambdarank_num_pair_per_sample": self.pairs_per_row,
            "lambdarank_normalization": False,
            "lambdarank_score_normalization": True,
            "lambdarank_unbiased": self.unbiased,
            "lambdarank_bias_norm": 1.0,
            "eval_metric": "ndcg@10",
            "tree_method": "hist",
            "grow_policy": "lossguide",
            "max_depth": 0,
            "max_leaves": self.leaves,
            "max_bin": self.max_bins,
            "learning_rate": self.learning_rate,
            "min_child_weight": self.min_child_weight,
            "reg_lambda": self.l2,
            "nthread": 1,
            "seed": self.seed,
        }


WATCHED = XGBoostConfig(
    trees=500, leaves=8, learning_rate=0.05, min_child_weight=30.0, l2=10.0, least_trees=60, patience=80
)
"""Small slow trees, for fits with a validation set to stop by: logged outcomes are noisy, and deep trees learn it."""
