"""A real endpoint with keys: what it listens on, who else of this machine gets in, and what its logs do not say."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest
from redis import Redis

from serving.access.keys import as_toml, hash_of, new_key
from tests.local.walk import endpoint
from tests.servers import Valkey, free_port
from tests.serving.access.sockets import listening, processes_of
from tests.serving.world import HTTP, wait_until

KEY, PASSWORD, MODEL_KEY = new_key(), "pass-of-the-store", "sk-of-the-model"
PERSON, PHONE = "ann.lee@example.com", "+1 415 555 0132"
HOST = "127.0.0.2"
"""Loopback, and not where all else listens."""
ASK_RAY = """
import sys
from ray._raylet import GcsClient
try:
    GcsClient(address=sys.argv[1]).internal_kv_keys(b"", None, timeout=10)
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


@pytest.fixture(scope="module")
def home(world, tmp_path_factory):
    return world.copy(tmp_path_factory.mktemp("closed") / "home").home


@pytest.fixture(scope="module")
def valkey(tmp_path_factory):
    """A change log that asks for a name and a password."""
    server = Valkey(tmp_path_factory.mktemp("valkey"), appendfsync="always")
    login = {"enabled": True, "passwords": [f"+{PASSWORD}"], "keys": ["*"], "channels": ["*"], "categories": ["+@all"]}
    Redis.from_url(server.url).acl_setuser("metier", **login)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def closed(home, valkey):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METIER_CHANGES_URL", valkey.url.replace("//", f"//metier:{PASSWORD}@"))
        patch.setenv("METIER_LLM_URL", f"http://127.0.0.1:{free_port()}/v1")
        patch.setenv("METIER_LLM_MODEL", "nobody")
        patch.setenv("METIER_LLM_API_KEY", MODEL_KEY)
        patch.setenv("METIER_API_KEYS", as_toml("ops", hash_of(KEY), ["read", "write", "admin"], 1_000))
        patch.setenv("METIER_HTTP_HOST", HOST)
        with endpoint(home) as closed:
            yield closed


@pytest.fixture(scope="module")
def processes(closed, home):
    """All of the endpoint: its tree, and who left the tree with its environment."""
    family = {Path("/proc") / str(process.pid) for process in closed.family()}
    return [path for path in family | set(processes_of(f"METIER_HOME={home}")) if path.exists()]


@pytest.fixture(scope="module")
def folder(closed):
    """The folder of the endpoint's own files: HAProxy runs out of it."""
    for process in closed.family():
        with suppress(psutil.NoSuchProcess):
            if process.name() == "haproxy":
                return Path(process.exe()).parent
    raise AssertionError("no HAProxy runs")


def test_all_but_the_door_listens_on_loopback_alone(closed, processes):
    sockets = listening(processes)
    port = int(closed.url.rpartition(":")[2])
    assert len(sockets) > 10
    assert {address for address, _ in sockets} == {"127.0.0.1", HOST}
    assert {port_of for address, port_of in sockets if address == HOST} == {port}


def test_a_stranger_reads_nothing_of_ray(processes):
    (gcs,) = (path for path in processes if (path / "comm").read_text() == "gcs_server\n")
    (option,) = (part for part in (gcs / "cmdline").read_text().split("\0") if part.startswith("--gcs_server_port="))
    address = f"127.0.0.1:{option.partition('=')[2]}"
    port = next(port for host, port in listening([gcs]) if host == "127.0.0.1")
    for mode, token in (("disabled", ""), ("token", "0" * 64)):
        environment = {**os.environ, "RAY_AUTH_MODE": mode, "RAY_AUTH_TOKEN": token}
        asked = [sys.executable, "-c", ASK_RAY, address if not address.endswith(":0") else f"127.0.0.1:{port}"]
        done = subprocess.run(asked, capture_output=True, text=True, env=environment, timeout=120, check=False)
        assert done.returncode == 1
        assert "AuthenticationError" in done.stderr
    token = dict(line.partition("=")[::2] for line in (gcs / "environ").read_text().split("\0"))["RAY_AUTH_TOKEN"]
    assert len(token) == 64


def test_nobody_else_reaches_files_and_unix_sockets(folder):
    assert folder.stat().st_mode & 0o077 == 0
    assert {path.name for path in folder.glob("*/*.sock")} == {"admin.sock", "log.sock", "nobody.sock"}
    nodes = {path.parent.name for path in folder.glob("*/admin.sock")}
    assert [path for node in nodes for path in Path("/tmp/haproxy-serve").glob(f"{node}/*")] == []  # noqa: S108


def test_the_door_asks_for_a_key(closed):
    assert HTTP.get(f"{closed.url}/v1/bundle").status_code == 401
    assert HTTP.get(f"{closed.url}/v1/bundle", headers={"authorization": f"Bearer {KEY}"}).status_code == 200
    assert HTTP.get(f"{closed.url}/readyz").status_code == 200


def test_neither_logs_nor_figures_nor_refusals_hold_a_secret_or_a_person(closed, folder, home, valkey):
    wrong = new_key()
    told = [ask(closed, *request) for request in spoken(home) for _ in range(3)]
    told += [ask(closed, "GET", "/v1/bundle", key=wrong), ask(closed, "POST", "/v1/rank", {"k": PERSON})]
    valkey.kill()
    told += [ask(closed, *request) for request in spoken(home)]
    assert {202, 401, 422, 503} <= {answer.status_code for answer in told}
    logs = [
        home / "serving.log",
        *(home / "logs").glob("requests-*.jsonl"),
        *(path for path in (folder / "r").rglob("*") if path.parent.name in ("logs", "serve")),
    ]
    wait_until(lambda: "change log could not be read" in texts_of(logs))
    assert '"of_note":["refused"]' in texts_of(logs)
    figures = ask(closed, "GET", "/metrics")
    assert "metier_requests_total" in figures.text
    refusals = "".join(answer.text for answer in told if answer.status_code >= 400)
    for where in (texts_of(logs), figures.text, refusals):
        for secret in (KEY, hash_of(KEY), wrong, PASSWORD, MODEL_KEY):
            assert secret not in where
    for person in (PERSON, PERSON.replace("@", "%40"), PHONE, "555 0132"):
        assert person not in texts_of(logs)
        assert person not in figures.text


def ask(closed, method, path, body=None, key=KEY):
    headers = {"authorization": f"Bearer {key}"}
    return HTTP.request(method, closed.url + path, json=body, headers=headers)


def spoken(home):
    """Requests that name a person, in bodies, in paths and in queries."""
    person = {"title": f"Cook, {PHONE}", "overview": f"Write to {PERSON}", "skills": []}
    question = {"question": f"Who is {PERSON}?", "text": f"call {PHONE}"}
    return [
        ("PUT", f"/v1/freelancers/{PERSON}", person),
        ("POST", "/v1/search/talent", {"text": f"cook {PERSON} {PHONE}"}),
        ("POST", "/v1/ask", question),
        ("GET", f"/?surface=talent_search&asked=1&text={PERSON}", None),
        ("GET", f"/v1/suggest?q={PERSON}", None),
        ("GET", f"/v1/jobs/{PERSON}", None),
    ]


def texts_of(paths):
    return "".join(path.read_text(errors="replace") for path in paths if path.is_file())


def test_poison_is_refused_at_the_door_and_harms_nobody(closed, world):
    """5 MB may be cut off while it is sent, so HAProxy's answer to it is not waited for."""
    body = world.body("job_feed")
    rank = {"actor_id": body["actor_id"], "surface": "job_feed", "deadline_ms": body["deadline_ms"]}
    jobs = world.open_jobs
    statuses = {
        "none": poisoned(closed, {**rank, "candidates": []}),
        "one": poisoned(closed, {**rank, "candidates": jobs[:1]}),
        "too many": poisoned(closed, {**rank, "candidates": [f"jb_{number}" for number in range(10_000)]}),
        "twice": poisoned(closed, {**rank, "candidates": jobs[:1] * 2}),
        "unknown": poisoned(closed, {**rank, "candidates": ["nobody's"]}),
        "no number": poisoned(closed, {**rank, "candidates": jobs[:1], "k": float("nan")}),
        "deep": poisoned(closed, b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        "no UTF-8": poisoned(closed, b'{"actor_id": "\xff\xfe"}'),
        "wrong key": poisoned(closed, rank, new_key()),
    }
    assert statuses == {
        "none": 422, "one": 200, "too many": 422, "twice": 422, "unknown": 200, "no number": 422, "deep": 400,
        "no UTF-8": 400, "wrong key": 401,
    }  # fmt: skip
    with suppress(httpx.TransportError):
        assert poisoned(closed, b"x" * 5_000_000) == 413
    assert poisoned(closed, {**rank, "candidates": jobs[:3]}) == 200


def poisoned(closed, body, key=KEY):
    """The status of what `POST /v1/rank` answers to these bytes, or to this as JSON; refusals are one line of ours."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    answer = HTTP.post(f"{closed.url}/v1/rank", content=content, headers=headers)
    if answer.status_code >= 400:
        assert list(answer.json()) == ["error"]
    return answer.status_code
