"""Which rankers a run has, as a person spells them, and which classes may be imported for them.

    xgboost, neural             the rankers of this package
    my_package.rankers:Mine     a class that keeps the Ranker protocol
    column:my_score             a feature that is the score
    https://host/score          an endpoint that scores rows

A class is imported only when its path is spelled by the caller, never because a saved model asks for it.
"""

import re
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from components.ranking.external_ranker import ExternalRanker
from components.ranking.neural_config import NeuralConfig
from components.ranking.neural_ranker import NeuralRanker
from components.ranking.positions.choice import PLAIN, FitChoice
from components.ranking.ranker import Ranker
from components.ranking.trees.config import WATCHED
from components.ranking.xgboost_ranker import XGBoostRanker
from components.training_sets import RankingDataset
from metier.code import source_digest
from metier.errors import InputError, RankerError, first_line

DEFAULT = ("xgboost", "neural")
BUILT_IN: dict[str, type[Ranker]] = {kind.kind: kind for kind in (XGBoostRanker, NeuralRanker, ExternalRanker)}
"""Classes that a saved model may always name."""
MEMBERS = ("fit", "score", "save", "load")
TAKEN = ("ensemble", "champion", "retrieval", "popularity", "arrival")
"""What an evaluation calls what is no ranker of the run."""

_CLASS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_COLUMN = "column:"
_URL = ("http://", "https://")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")


@dataclass(frozen=True)
class RankerChoice:
    """One ranker of a run: its name in reports and folders, how it was spelled, and which code or answer that means."""

    name: str
    source: str
    version: str = ""
    """Digest of the code of a class; for an endpoint new each time, since what it answers may have changed."""

    def require_class(self) -> None:
        """InputError where a class of others cannot be imported here or is no ranker."""
        if _is_class(self.source):
            import_ranker(self.source)

    def require_column(self, feature_names: Sequence[str]) -> None:
        """InputError, with the most similar of `feature_names`, where the score is a column that is none of them."""
        column = self.source.removeprefix(_COLUMN)
        if column == self.source or column in feature_names:
            return
        similar = get_close_matches(column, feature_names, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(similar)}?" if similar else f"features are {', '.join(feature_names[:5])}, ..."
        raise InputError(f"ranker {self.source}: no feature is called {column!r}; {hint}")

    def fit(self, train: RankingDataset, validation: RankingDataset, fit: FitChoice = PLAIN) -> Ranker:
        """The fitted ranker; those of this package take the kind of fit and the settings that suit a validation set."""
        if self.source in DEFAULT:
            train, validation = fit.sets(train, validation)
            unbiased = fit.kind == "unbiased"
            if self.source == XGBoostRanker.kind:
                return XGBoostRanker().fit(train, replace(WATCHED, unbiased=unbiased), validation)
            return NeuralRanker().fit(train, NeuralConfig(unbiased=unbiased), validation)
        ranker = _external(self.source) or class_of(self.source, (self.source,))()
        return ranker.fit(train, validation=validation)

    def load(self, folders: Sequence[Path]) -> Ranker:
        """The ranker that was saved under its name in one of `folders`."""
        saved = [folder / self.name for folder in folders if (folder / self.name).is_dir()]
        if len(saved) != 1:
            raise RankerError(f"ranker {self.name!r} was saved {len(saved)} times; train it once")
        kind = ExternalRanker.kind if _external(self.source) else self.source
        return class_of(kind, (self.source,)).load(saved[0])


def choose(sources: Sequence[str]) -> list[RankerChoice]:
    """The rankers that `sources` spell, in their order; InputError for one unknown or repeated. Imports nothing."""
    spelled = list(sources or DEFAULT)
    for source in spelled:
        _require_spelling(source)
        if spelled.count(source) > 1:
            raise InputError(f"ranker {source!r} is named twice; name each once")
    names = numbered([_name(source) for source in spelled], TAKEN)
    return [RankerChoice(name, source, _version(source)) for name, source in zip(names, spelled, strict=True)]


def kind_of(ranker: Ranker) -> str:
    """What a saved model records of the ranker's class: the kind of one of ours, else the import path."""
    kind = next((kind for kind, built_in in BUILT_IN.items() if type(ranker) is built_in), None)
    path = _path(type(ranker))
    if kind is None and ("<locals>" in path or path.startswith("__main__:")):
        raise RankerError(f"{path} cannot be imported again; define the class at the top of a module of its own")
    return kind or path


def class_of(kind: str, ranker_classes: Collection[str] = ()) -> type[Ranker]:
    """The class that a saved model recorded as `kind`: one of ours, or one whose path is in `ranker_classes`."""
    if kind in BUILT_IN:
        return BUILT_IN[kind]
    allowed_paths = [path for path in ranker_classes if _is_class(path)]
    if kind in allowed_paths:
        return import_ranker(kind)
    for path in allowed_paths:  # a package may offer its class under a shorter path than that of its module
        allowed = import_ranker(path)
        if _path(allowed) == kind:
            return allowed
    raise RankerError(
        f"the saved model has a ranker of class {kind}, which may not be imported here; "
        f"if you trust it, set METIER_RANKER_CLASSES={','.join((*allowed_paths, kind))}"
    )


def import_ranker(path: str) -> type[Ranker]:
    """The class at `module:Class`; InputError when it cannot be imported or is no ranker."""
    module, _, name = path.partition(":")
    try:
        imported: Any = import_module(module)
        for part in name.split("."):
            imported = getattr(imported, part)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"ranker {path} cannot be imported ({error}); install its package or put its folder on PYTHONPATH"
        ) from error
    except (Exception, SystemExit) as error:  # a module of the caller's may raise anything while it is imported
        reason = first_line(error) or "no message"
        raise InputError(
            f"ranker {path} cannot be imported: module {module} raised {type(error).__name__} ({reason}); "
            f"mend it until `python -c 'import {module}'` succeeds"
        ) from error
    absent = [member for member in MEMBERS if not callable(getattr(imported, member, None))]
    if not isinstance(imported, type) or absent:
        raise InputError(
            f"{path} is no ranker class: it lacks {', '.join(absent) or 'a constructor'}; see docs/bring-your-ranker.md"
        )
    return imported


def default_name(ranker: Ranker) -> str:
    """What a ranker is called that nobody named: its kind, or its class in snake case."""
    kind = kind_of(ranker)
    return kind if kind in BUILT_IN else _name(kind)


def numbered(names: Sequence[str], taken: Collection[str] = ()) -> list[str]:
    """The names, each other than those before it and those `taken`: the second `a` is `a_2`."""
    names_so_far: list[str] = []
    for name in names:
        spellings = (name if number == 1 else f"{name}_{number}" for number in count(1))
        names_so_far.append(next(spelling for spelling in spellings if spelling not in {*taken, *names_so_far}))
    return names_so_far


def _require_spelling(source: str) -> None:
    if source in DEFAULT or _is_class(source):
        return
    if _external(source) is None:
        raise InputError(
            f"unknown ranker {source!r}; use {', '.join(DEFAULT)}, an import path such as my_package:MyRanker, "
            "column:NAME or the URL of an endpoint"
        )


def _external(source: str) -> ExternalRanker | None:
    """The external ranker that `source` spells; None where it spells a class."""
    if source.startswith(_URL):
        return ExternalRanker(url=source)
    column = source.removeprefix(_COLUMN)
    return ExternalRanker(score_column=column) if column not in ("", source) else None


def _path(ranker_class: type) -> str:
    return f"{ranker_class.__module__}:{ranker_class.__qualname__}"


def _name(source: str) -> str:
    """What a source is called: a class by its name in snake case, a column by its name, an endpoint by its host."""
    named = source.removeprefix(_COLUMN).rpartition(":")[2] if not source.startswith(_URL) else urlsplit(source).netloc
    return _WORD.sub("_", named).strip("_").lower() or ExternalRanker.kind


def _version(source: str) -> str:
    if source.startswith(_URL):
        return uuid.uuid4().hex
    return source_digest(source.partition(":")[0]) if _is_class(source) else ""


def _is_class(source: str) -> bool:
    return not source.startswith(_COLUMN) and _CLASS.fullmatch(source) is not None
