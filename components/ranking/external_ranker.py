"""A ranker of the user's own behind the Ranker interface: a column of scores among the features, or an HTTP endpoint.

The endpoint gets `POST {"feature_names": [...], "features": [[...], ...]}` (null where missing) and answers
`{"scores": [...]}`, one finite number a row. It is called as configured, without retries, proxies or credentials.
Knows nothing of how the scores come about.
"""

import json
import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlsplit

import numpy as np

from components.measures.arrays import Floats
from components.ranking import artifact
from components.ranking.ranker import checked_features, require_names
from components.training_sets import RankingDataset
from metier.errors import ArtifactError, InputError, RankerError

if TYPE_CHECKING:
    import httpx

ROWS_PER_REQUEST = 1_000
LONGEST_ANSWER_BYTES = 10_000_000


class ExternalRanker:
    """A Ranker that learns nothing: `fit` only checks that its scores can be had for the data set's features.

    >>> import numpy as np
    >>> from components.training_sets import RankingDataset
    >>> features = np.array([[0.2, 30], [0.9, 45]], dtype=np.float32)
    >>> train = RankingDataset(features, [0, 1], [7, 7], ("my_score", "hourly_rate_usd"))
    >>> ranker = ExternalRanker(score_column="my_score").fit(train)
    >>> ranker.score(features)
    array([0.2, 0.9], dtype=float32)
    """

    kind: ClassVar[str] = "external"

    def __init__(self, score_column: str | None = None, url: str | None = None, timeout_seconds: float = 1.0) -> None:
        if (score_column is None) == (url is None):
            raise InputError("an external ranker has either a score_column or a url; give one of them")
        if url is not None and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc):
            raise InputError(f"{url!r} is no http or https URL; give the endpoint's full address")
        if not (math.isfinite(timeout_seconds) and timeout_seconds > 0):
            raise InputError(f"timeout_seconds is {timeout_seconds}; give a number above zero")
        self.score_column = score_column
        self.url = url
        self.timeout_seconds = timeout_seconds
        self._feature_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ExternalRanker({self.score_column or self.url})"

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self._feature_names

    def fit(self, train: RankingDataset, config: None = None, validation: RankingDataset | None = None) -> Self:
        """Take the feature names of `train`; FeatureMismatchError when the score column is not among them."""
        if self.score_column is not None and self.score_column not in train.feature_names:
            require_names((self.score_column,), train.feature_names)
        if validation is not None:
            require_names(train.feature_names, validation.feature_names)
        self._feature_names = train.feature_names
        self.score(train.features[:1])
        return self

    def score(self, features: Floats, feature_names: Sequence[str] | None = None) -> Floats:
        """Scores (n_rows,); RankerError when one is missing, or when the endpoint does not answer as agreed."""
        checked = checked_features(features, self._feature_names, feature_names)
        if self.score_column is not None:
            scores = checked[:, self._feature_names.index(self.score_column)].copy()
        else:
            starts = range(0, len(checked), ROWS_PER_REQUEST)
            parts = [self._request(checked[start : start + ROWS_PER_REQUEST]) for start in starts]
            scores = np.concatenate([np.zeros(0, dtype=np.float32), *parts])
        if not np.isfinite(scores).all():
            raise RankerError(f"{self} gave {int((~np.isfinite(scores)).sum())} rows no finite score; it scores each")
        return scores

    @cached_property
    def _client(self) -> "httpx.Client":
        """Connections to the endpoint, kept between requests."""
        import httpx

        return httpx.Client(timeout=self.timeout_seconds, trust_env=False)

    def _request(self, features: Floats) -> Floats:
        import httpx

        rows = [[None if math.isnan(value) else value for value in row] for row in features.tolist()]
        body = {"feature_names": self._feature_names, "features": rows}
        content = bytearray()
        try:
            with self._client.stream("POST", str(self.url), json=body) as response:
                if response.status_code != httpx.codes.OK:
                    raise httpx.HTTPError(f"HTTP Error {response.status_code}")
                for part in response.iter_bytes():
                    content += part
                    if len(content) > LONGEST_ANSWER_BYTES:
                        raise httpx.HTTPError(f"an answer of more than {LONGEST_ANSWER_BYTES:,} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RankerError(
                f"{self.url} did not score {len(features)} rows within {self.timeout_seconds:g} s: {error}; "
                "check the endpoint or raise timeout_seconds"
            ) from error
        return self._scores(bytes(content), len(features))

    def _scores(self, content: bytes, n_rows: int) -> Floats:
        try:
            scores = np.asarray(json.loads(content)["scores"], dtype=np.float32)
        except (ValueError, KeyError, TypeError) as error:
            raise RankerError(f'{self.url} answered something else than {{"scores": [numbers]}}') from error
        if scores.shape != (n_rows,):
            raise RankerError(f"{self.url} answered scores of shape {scores.shape} for {n_rows} rows; one a row")
        return scores

    def save(self, directory: str | Path) -> None:
        """Write where the scores come from; there are no weights."""
        metadata: dict[str, Any] = {
            "feature_names": self._feature_names,
            "score_column": self.score_column,
            "url": self.url,
            "timeout_seconds": self.timeout_seconds,
        }
        artifact.write(directory, self.kind, metadata, {})

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        saved = artifact.read(directory, cls.kind).metadata
        try:
            ranker = cls(saved["score_column"], saved["url"], saved["timeout_seconds"])
            ranker._feature_names = tuple(saved["feature_names"])
        except (KeyError, TypeError, InputError) as error:
            raise ArtifactError(f"{directory} holds no external ranker that loads; {artifact.NEXT_MOVE}") from error
        return ranker
