"""Rankers of the user's own: a column of scores, and a real endpoint on this machine."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from components.ranking import ExternalRanker
from components.training_sets import RankingDataset
from metier.errors import FeatureMismatchError, InputError, RankerError

NAMES = ("price", "quality")


def dataset(n=6):
    features = np.arange(2 * n, dtype=np.float32).reshape(n, 2)
    return RankingDataset(features, np.arange(n) % 2, np.zeros(n, dtype=int), NAMES)


@pytest.fixture
def endpoint():
    """A server that answers with `reply(request)` and remembers what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.asked.append(asked)
            answer = self.server.reply(asked)
            self.send_response(self.server.status)
            self.end_headers()
            self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.status = [], 200
    server.reply = lambda asked: {"scores": [row[1] or 0.0 for row in asked["features"]]}
    server.url = f"http://127.0.0.1:{server.server_port}/score"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_score_column_is_the_score(tmp_path):
    ranker = ExternalRanker(score_column="quality").fit(dataset())
    assert ranker.score(dataset().features).tolist() == [1, 3, 5, 7, 9, 11]
    ranker.save(tmp_path)
    assert ExternalRanker.load(tmp_path).score(dataset().features).tolist() == [1, 3, 5, 7, 9, 11]


def test_an_absent_score_column_is_named():
    with pytest.raises(FeatureMismatchError, match="'elsewhere' of the fit is absent"):
        ExternalRanker(score_column="elsewhere").fit(dataset())


def test_a_missing_score_is_an_error_and_not_a_guess():
    ranker = ExternalRanker(score_column="quality").fit(dataset())
    with pytest.raises(RankerError, match="gave 1 rows no finite score"):
        ranker.score(np.array([[1, np.nan], [1, 2]], dtype=np.float32))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"score_column": "a", "url": "http://x"},
        {"url": "file:///etc/passwd"},
        {"url": "localhost:80"},
        {"url": "http://x", "timeout_seconds": 0},
        {"url": "http://x", "timeout_seconds": float("nan")},
    ],
)
def test_a_ranker_that_cannot_be_asked_is_refused(arguments):
    with pytest.raises(InputError):
        ExternalRanker(**arguments)


def test_an_endpoint_gets_names_and_rows_and_its_answer_is_the_score(endpoint, tmp_path):
    ranker = ExternalRanker(url=endpoint.url, timeout_seconds=5).fit(dataset())
    endpoint.asked.clear()
    features = np.array([[1, 2], [np.nan, 4]], dtype=np.float32)
    assert ranker.score(features).tolist() == [2.0, 4.0]
    assert endpoint.asked == [{"feature_names": list(NAMES), "features": [[1.0, 2.0], [None, 4.0]]}]
    ranker.save(tmp_path)
    assert ExternalRanker.load(tmp_path).score(features).tolist() == [2.0, 4.0]


def test_many_rows_go_in_several_requests_in_order(endpoint):
    ranker = ExternalRanker(url=endpoint.url, timeout_seconds=5).fit(dataset())
    endpoint.asked.clear()
    many = dataset(2_500).features
    assert np.array_equal(ranker.score(many), many[:, 1])
    assert [len(asked["features"]) for asked in endpoint.asked] == [1000, 1000, 500]


def test_no_rows_ask_nothing(endpoint):
    ranker = ExternalRanker(url=endpoint.url, timeout_seconds=5).fit(dataset())
    endpoint.asked.clear()
    assert ranker.score(dataset().features[:0]).shape == (0,)
    assert endpoint.asked == []


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ({"scores": [1.0]}, r"shape \(1,\) for 6 rows"),
        ({"scores": ["a"] * 6}, "answered something else"),
        ({"result": []}, "answered something else"),
        ([1, 2, 3], "answered something else"),
        (b"<html>", "answered something else"),
        (b'{"scores": [1, 2, 3, 4, 5, NaN]}', "1 rows no finite score"),
    ],
)
def test_another_answer_than_agreed_is_an_error(endpoint, reply, message):
    ranker = ExternalRanker(url=endpoint.url, timeout_seconds=5).fit(dataset())
    endpoint.reply = lambda asked: reply
    with pytest.raises(RankerError, match=message):
        ranker.score(dataset().features)


def test_an_endpoint_that_fails_or_is_late_is_named(endpoint):
    ranker = ExternalRanker(url=endpoint.url, timeout_seconds=0.2).fit(dataset())
    endpoint.status = 500
    with pytest.raises(RankerError, match="HTTP Error 500"):
        ranker.score(dataset().features)
    endpoint.status = 200
    endpoint.reply = lambda asked: time.sleep(0.5) or {}
    with pytest.raises(RankerError, match=r"within 0\.2 s"):
        ranker.score(dataset().features)
