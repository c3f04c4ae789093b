"""Rankers of somebody else's that a bundle may hold, each of which does one thing wrong."""

import json
from pathlib import Path

import numpy as np


class _Odd:
    def __init__(self, feature_names=()):
        self.feature_names = tuple(feature_names)

    def fit(self, train, config=None, validation=None):
        self.feature_names = train.feature_names
        return self

    def save(self, directory):
        Path(directory, "odd.json").write_text(json.dumps(self.feature_names))

    @classmethod
    def load(cls, directory):
        return cls(json.loads(Path(directory, "odd.json").read_text()))


class Sound(_Odd):
    def score(self, features, feature_names=None):
        return np.log1p(np.abs(np.nan_to_num(features)).sum(axis=1)) / 10  # no calibration makes 1 of all


class NoNumber(_Odd):
    def score(self, features, feature_names=None):
        return np.full(len(features), np.nan, np.float32)


class Constant(_Odd):
    def score(self, features, feature_names=None):
        return np.ones(len(features), np.float32)


class Short(_Odd):
    def score(self, features, feature_names=None):
        return np.zeros(max(len(features) - 1, 0), np.float32)
