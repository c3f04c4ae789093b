"""The edge of a real endpoint over raw sockets: whatever arrives, the answer is a route's or one line of our JSON."""

import contextlib
import gzip
import json
import re
import signal
import socket
import subprocess
import time
import zlib

import psutil
import pytest

from serving import haproxy
from tests.local.walk import command, endpoint, environment
from tests.serving.world import wait_until

SECONDS = 20.0
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def home(world, tmp_path_factory):
    return world.copy(tmp_path_factory.mktemp("edge") / "home").home


@pytest.fixture(scope="module")
def served(home):
    with endpoint(home) as served:
        yield served


@pytest.fixture(scope="module")
def body(world):
    return json.dumps(world.body("job_feed", k=1)).encode()


def answer(served, content):
    """(status, headers, body) of the first answer to these bytes; interim answers are passed over."""
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        with contextlib.suppress(OSError):  # refused before all was sent
            connection.sendall(content)
        got = b""
        while (whole := _whole(got.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"), content)) is None:
            more = connection.recv(65_536)
            assert more, got
            got += more
        return whole


def _whole(got, content):
    head, separator, body = got.partition(b"\r\n\r\n")
    if not separator:
        return None
    line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
    length = 0 if content.startswith(b"HEAD") else int(headers["content-length"])
    return None if len(body) < length else (int(line.split()[1]), headers, body[:length])


def request(method="POST", path="/v1/feed/jobs", headers=JSON, body=b""):
    lines = [f"{method} {path} HTTP/1.1", "host: x", *(f"{name}: {value}" for name, value in headers.items())]
    length = [] if "transfer-encoding" in headers else [f"content-length: {len(body)}"]
    return "\r\n".join([*lines, *length, "", ""]).encode("latin-1") + body


def test_what_is_no_http_is_refused_in_our_words(served):
    broken = {
        "words": b"HELLO\r\n\r\n",
        "HTTP/0.9": b"GET /healthz\r\n",
        "TLS": bytes.fromhex("160301020001000001fc0303") + bytes(100),
        "a line that is no header": b"GET /healthz HTTP/1.1\r\nhost: x\r\nno header\r\n\r\n",
        "two lengths": b"POST /v1/rank HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde",
        "a length below nothing": b"POST /v1/rank HTTP/1.1\r\nhost: x\r\ncontent-length: -3\r\n\r\n",
        "bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
        "a chunk without a size": request(headers={**JSON, "transfer-encoding": "chunked"}, body=b"zz\r\n"),
        "a long path": request("GET", f"/{'a' * 70_000}"),
        "a long header": request("GET", "/healthz", {"x": "a" * 70_000}),
        "many headers": request("GET", "/healthz", {f"x{number}": "a" for number in range(300)}),
        "no path": request("OPTIONS", "*"),
        "a proxy's method": b"CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n",
    }
    for name, content in broken.items():
        assert told(answer(served, content)) == (400, haproxy.ANSWERS[400]), name
    coded = request(headers={**JSON, "transfer-encoding": "gzip, chunked"}, body=b"0\r\n\r\n")
    assert told(answer(served, coded)) == (422, haproxy.ANSWERS[422])


def told(got):
    status, headers, body = got
    assert headers["content-type"] == "application/json", got
    (name, line), *more = json.loads(body).items()
    assert (name, more) == ("error", [])
    return status, line


@pytest.mark.parametrize(("path", "name"), [("/v1/feed/jobs", "told-1"), ("/nope", "told-2"), ("/v1/feed/jobs", None)])
def test_an_answer_of_a_replica_names_its_request_once_and_a_refusal_leaves_its_line(served, home, path, name):
    sent = JSON | ({} if name is None else {"x-request-id": name})
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(request(path=path, headers={**sent, "connection": "close"}, body=b"{"))
        got = b"".join(iter(lambda: connection.recv(65_536), b""))
    (told,) = re.findall(rb"(?i)\r\nx-request-id: ([!-~]+)", got)
    assert name is None or told.decode() == name
    wait_until(lambda: any(told.decode() in file.read_text() for file in (home / "logs").glob("*.jsonl")))


def test_methods_and_paths_that_no_route_has(served):
    for path in ("/nope", "/v1/feed/jobs/", "/v1/%ff%00"):
        assert told(answer(served, request(path=path)))[0] == 404
    for method in ("GET", "DELETE", "OPTIONS", "TRACE", "BREW"):
        assert told(answer(served, request(method)))[0] == 405
    assert answer(served, request("OPTIONS"))[1]["allow"] == "POST"


def test_head_asks_what_get_does(served):
    for path in ("/healthz", "/readyz", "/metrics"):
        status, headers, _ = answer(served, request("HEAD", path, {}))
        assert status == 200
        assert int(headers["content-length"]) > 0


def test_pages_of_the_console_pass_whatever_their_status(served):
    asked = {"": 200, "?surface=job_feed&asked=1&actor_id=nobody": 404, "?surface=talent_search&asked=1": 422}
    for query, status in asked.items():
        got, headers, page = answer(served, request("GET", f"/{query}", {}))
        assert (got, headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert page.startswith(b"<!doctype html>")


def test_bodies_come_plain_chunked_or_compressed(served, body):
    chunked = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    sent = [
        request(body=body),
        request(body=b"\xef\xbb\xbf" + body),
        request(headers={**JSON, "expect": "100-continue"}, body=body),
        request(headers={**JSON, "transfer-encoding": "chunked"}, body=chunked),
        request(headers={**JSON, "content-encoding": "gzip"}, body=gzip.compress(body)),
        request(headers={**JSON, "content-encoding": "deflate"}, body=zlib.compress(body)),
        request(headers={"content-type": "application/json; charset=UTF-8"}, body=body),
    ]
    for content in sent:
        status, _, text = answer(served, content)
        assert (status, len(json.loads(text)["slate"])) == (200, 1), content[:200]


def test_headers_of_rays_own_change_nothing(served, body):
    steering = {name: "\xff\xfe" for name in haproxy.STEERING} | {"x-request-id": "\xff"}
    for headers in ({**JSON, **steering}, {**JSON, "x-request-timeout-seconds": "0.0001"}):
        assert answer(served, request(headers=headers, body=body))[0] == 200
    named = answer(served, request(headers={**JSON, "x-request-id": "one-of-mine"}, body=body))
    assert named[1]["x-request-id"] == "one-of-mine"


def test_only_loopback_listens(served):
    hosts = {
        connection.laddr.ip
        for process in served.family()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert hosts <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}
    assert hosts


def test_a_process_of_rays_that_is_killed_ends_the_endpoint_in_one_line(home):
    with endpoint(home) as served:
        (gcs,) = (process for process in served.family() if process.name() == "gcs_server")
        gcs.kill()
        assert served.process.wait(60) == 1
        last = (home / "serving.log").read_text().splitlines()[-1]
        assert last == "metier: gcs_server, a process of Ray that the endpoint runs on, ended with -9; serve again"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_during_the_start_ends_it_without_a_word(home, number, status):
    process = subprocess.Popen(
        command("serve", "--port", "0"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(home)
    )
    printed = b""
    while b"Starting Ray Serve" not in printed:
        printed += process.stdout.readline()
    time.sleep(1.0)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    rest, _ = process.communicate(timeout=60)
    assert (process.returncode, rest) == (status, b"")
    assert psutil.wait_procs(family, timeout=30)[1] == []


CONFIGURATION = """global
    log 127.0.0.1:514 local0 info
defaults
    mode http
    errorfile 503 /tmp/500.http
frontend prometheus
    bind :9101
frontend http_frontend
    bind 127.0.0.1:8000
    acl backend_http-metier_server_up nbsrv(http-metier) ge 1
backend default_backend
    http-request return status 404 content-type text/plain lf-string "Path \\'%[path]\\' not found."
backend http-metier
    server one 127.0.0.1:30000 check
    server two 127.0.0.1:30001 check
    server SERVE_PROXY_ACTOR-fallback 127.0.0.1:8500 check backup
listen stats
    bind *:8404
"""


def test_a_configuration_becomes_ours_once(tmp_path):
    ours = haproxy.rewritten(CONFIGURATION, haproxy.write_answers(tmp_path), "10.0.0.7", 16)
    assert haproxy.rewritten(ours, {}, "10.0.0.7", 16) == ours
    binds = re.findall(r"bind (\S+)", ours)
    refuses = f"unix@{tmp_path}/nobody.sock"
    assert binds == ["127.0.0.1:9101", "127.0.0.1:8000", "10.0.0.7:8000", "127.0.0.1:8404", refuses]
    assert re.findall(r"^    server (.*)", ours, re.MULTILINE) == [
        f"nobody {refuses} backup", "one 127.0.0.1:30000 check", "two 127.0.0.1:30001 check"
    ]  # fmt: skip
    assert re.findall(r"^    acl (.*)", ours, re.MULTILINE) == [
        f"backend_http-metier_server_up srv_is_up(http-metier/{name})" for name in ("one", "two")
    ]
    assert "log 127.0.0.1:514" not in ours
    assert "errorfile 503 /tmp/500.http" not in ours
    assert "text/plain" not in ours
    for status in haproxy.ANSWERS:
        whole = (tmp_path / f"answer-{status}.http").read_bytes()
        head, _, body = whole.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        assert json.loads(body) == {"error": haproxy.ANSWERS[status]}


def test_the_copy_of_haproxy_says_our_words_as_far_as_they_fit(tmp_path):
    (tmp_path / "lib").mkdir()
    own = b"HTTP/1.1 400 Bad request\r\nContent-length: 90\r\n\r\n<html>" + b" " * 200 + b"</html>\n\0"
    short = b"HTTP/1.1 408 Request Time-out\r\n\r\n<html></html>\n\0"
    (tmp_path / "haproxy").write_bytes(b"\x7fELF\0" + own + short + b"\0end")
    (tmp_path / "made").mkdir()
    copy = haproxy.copied(tmp_path / "haproxy", tmp_path / "made").read_bytes()
    assert len(copy) == len(b"\x7fELF\0" + own + short + b"\0end")
    assert haproxy.ANSWERS[400].encode() in copy
    assert short in copy
    assert copy.endswith(b"\0end")
