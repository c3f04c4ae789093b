"""Stages of an engine some parts of which are replaced by others that fail, or that take their time."""

import time
from types import SimpleNamespace

import numpy as np

from components.ranking import Ensemble
from components.ranking.ensemble import Share
from feature_repo.hydrate import Reads
from serving.candidates.space import CandidateSpace
from serving.stages import Stages


class Broken:
    """Stands for a part whose every use fails."""

    def __getattr__(self, name):
        raise RuntimeError("this part is broken")


class Slow:
    """Stands for a part whose every use takes `ms` longer."""

    def __init__(self, part, ms):
        self._part, self._ms = part, ms

    def __getattr__(self, name):
        used = getattr(self._part, name)
        return slowed(used, self._ms) if callable(used) else used


class Ranker:
    """A ranker of its own mind."""

    kind = "ranker"

    def __init__(self, feature_names, answer):
        self.feature_names = feature_names
        self._answer = answer

    def score(self, features):
        return self._answer(features)


def fails(features):
    raise RuntimeError("this ranker is broken")


def no_number(features):
    return np.where(np.arange(len(features)) == 1, np.nan, 1.0)


def no_store(rows, views):
    raise ConnectionError("this store is down")


def slowed(used, ms):
    def slow(*arguments, **named):
        time.sleep(ms / 1e3)
        return used(*arguments, **named)

    return slow


def stages_with(served, neural=None, xgboost=None, retriever=None, read=None, encoder=None):
    """The stages `served`, parts of which are replaced."""
    real, names = served.bundle.ensemble, served.bundle.ensemble.feature_names
    rankers = {
        "xgboost": Ranker(names, xgboost) if xgboost else real.rankers["xgboost"],
        "neural": Ranker(names, neural) if neural else real.rankers["neural"],
    }
    bundle = SimpleNamespace(
        manifest=served.bundle.manifest,
        ensemble=Ensemble(rankers, dict.fromkeys(rankers, Share(0.5, 0.0, 1.0)), real.calibration),
        encoder=encoder or served.bundle.encoder,
        reader=served.bundle.reader,
    )
    candidates = served.candidates
    if retriever is not None:
        facts = candidates.facts
        candidates = CandidateSpace(candidates.base, (), retriever, candidates.vectors)
        candidates = candidates.with_facts(facts, 0)
    return Stages(bundle, candidates, Reads(read, read) if read else served.reads)
