"""Submission to servers that speak over real sockets, some of them by heart from a real one."""

import json
import socket
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import kfp_server_api
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from metier.errors import InputError, NoAnswerError, PipelineError
from metier.settings import load_settings
from pipelines.kubeflow import Server, submit
from pipelines.package import Package
from tests.pipelines.command import assert_one_line, metier
from tests.pipelines.kubeflow_replay import (
    API,
    HEALTH,
    RUN,
    SPEC,
    Recording,
    a_run,
    recorded,
    run,
    script,
    serving,
    watched,
)

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
TINY = Package("metier-training", SPEC, {"rows": 3})


# As a real server answered


def test_a_recorded_server_takes_the_training_pipeline_and_runs_it(package):
    with serving(Recording(recorded("golden_lifecycle.json", "submit, then poll"))) as kubeflow:
        server = Server(kubeflow.url)
        submitted = submit(server, package, experiment="metier", now=NOW)
        finished, shown = watched(server, submitted.run_id)
        kept = server.get_run(submitted.run_id)
    assert (kept.display_name, kept.pipeline_spec["pipelineInfo"]["name"]) == (
        "metier-training 2026-03-01 12-30-00",
        "metier-training",
    )
    assert submitted.url == f"{kubeflow.url}/#/runs/details/{submitted.run_id}"
    assert kubeflow.bodies("/experiments") == [{"display_name": "metier", "namespace": ""}]
    (sent,) = kubeflow.bodies("/runs")
    assert sent["display_name"] == "metier-training 2026-03-01 12-30-00"
    assert sent["runtime_config"]["parameters"] == package.arguments
    assert [line for line in shown if not line.startswith(" ")] == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert shown.index("  ▸ train-ranker") < shown.index("  ✓ train-ranker")
    names = [step["name"] for step in finished.steps]
    assert names == ["build-training-set", "train-ranker", "train-ranker-2", "gate", "register", "record"]
    assert {step["state"] for step in finished.steps} == {"SUCCEEDED"}


def test_a_recorded_step_that_fails_after_its_retry_is_named(package):
    with serving(Recording(recorded("golden_lifecycle.json", "a run whose step fails"))) as kubeflow:
        server = Server(kubeflow.url)
        submitted = submit(server, package, experiment="metier", now=NOW)
        error, shown = watched(server, submitted.run_id)
    assert f"run {submitted.run_id} ended FAILED at train-ranker; " in str(error)
    assert submitted.url in str(error)
    assert shown == ["FAILED", "  ✗ train-ranker", "  ✓ record"]


@pytest.mark.parametrize(
    ("position", "said"),
    [(7, "input parameter count requires type double or integer"), (9, "not required by pipeline: countt")],
)
def test_a_recorded_refusal_of_a_run_is_one_line(package, position, said):
    exchanges = recorded("golden_http.json")
    with serving(Recording([exchanges[0], exchanges[6], exchanges[position]])) as kubeflow:
        with pytest.raises(PipelineError, match=said) as refused:
            submit(Server(kubeflow.url), package, experiment="metier", now=NOW)
        assert "HTTP 400" in str(refused.value)
        assert "\n" not in str(refused.value)


def test_a_run_that_a_recorded_server_does_not_know_is_a_mistake_of_the_caller(home):
    unknown = "00000000-0000-0000-0000-000000000000"
    exchanges = recorded("golden_http.json")
    with serving(Recording([exchanges[0], exchanges[10]])) as kubeflow:
        assert_one_line(metier(home, "wait", unknown, "--host", kubeflow.url), 2, f"no run '{unknown}'", "/#/runs")


# Submission


def test_the_commands_speak_json(home):
    answers = {
        "GET /healthz": [HEALTH],
        "GET /experiments": [(200, {})],
        "POST /experiments": [(200, {"experiment_id": "e1"})],
        "POST /runs": [(200, {"run_id": RUN})],
        f"GET /runs/{RUN}": [run("SUCCEEDED", train="SUCCEEDED")],
    }
    with serving(script(answers)) as kubeflow:
        arguments = ("--host", kubeflow.url, "--experiment", "nightly", "--namespace", "ranking", "--json")
        sent = metier(home, "submit", "training", "--surface", "job_feed", *arguments)
        ended = metier(home, "wait", RUN, "--host", kubeflow.url, "--json")
    url = f"{kubeflow.url}/#/runs/details/{RUN}"
    submitted = {"run_id": RUN, "experiment_id": "e1", "url": url, "pipeline": "metier-training"}
    assert (json.loads(sent.stdout), sent.stderr) == (submitted, "")
    steps = [{"name": "train", "state": "SUCCEEDED"}]
    assert json.loads(ended.stdout) == {"run_id": RUN, "state": "SUCCEEDED", "url": url, "steps": steps}
    assert kubeflow.bodies("/experiments") == [{"display_name": "nightly", "namespace": "ranking"}]
    assert kubeflow.bodies("/runs")[0]["runtime_config"]["parameters"]["surfaces"] == ["job_feed"]
    assert [call.query["namespace"] for call in kubeflow.calls if "filter" in call.query] == ["ranking"]


def test_an_experiment_that_exists_is_used():
    found = (200, {"experiments": [{"experiment_id": "e7"}]})
    answers = {"GET /healthz": [HEALTH], "GET /experiments": [found], "POST /runs": [(200, {"run_id": RUN})]}
    with serving(script(answers)) as kubeflow:
        assert submit(Server(kubeflow.url), TINY, experiment="metier", now=NOW).experiment_id == "e7"


def test_a_run_that_may_have_been_created_is_not_called_refused():
    found = (200, {"experiments": [{"experiment_id": "e7"}]})
    answers = {"GET /healthz": [HEALTH], "GET /experiments": [found], "POST /runs": [(0, "")]}
    with serving(script(answers)) as kubeflow, pytest.raises(PipelineError, match="the run may exist"):
        submit(Server(kubeflow.url), TINY, experiment="metier", now=NOW)
    assert len(kubeflow.bodies("/runs")) == 1


def test_a_pod_shows_the_token_it_was_given(tmp_path, monkeypatch):
    (tmp_path / "token").write_text("pod-token\n")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    with a_run(run("SUCCEEDED")) as kubeflow:
        watched(Server(kubeflow.url))
    assert {call.headers["authorization"] for call in kubeflow.calls} == {"Bearer pod-token"}


def test_a_guessed_namespace_is_kept_but_not_written_into_the_home_directory(context):
    """A container may have no right to write there."""
    with a_run(run("SUCCEEDED")) as kubeflow:
        server = Server(kubeflow.url)
    server.set_user_namespace("ranking")
    assert server.get_user_namespace() == "ranking"
    assert not context.parent.exists()


def test_a_broken_context_of_kfp_is_named(context):
    context.parent.mkdir()
    context.write_text("{")
    with pytest.raises(PipelineError, match=r"context.json: .*; correct or remove it"):
        Server("http://127.0.0.1:1")


# Hosts that are absent, silent or something else


def test_an_unreachable_host_is_one_line(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for arguments in (("wait", RUN), ("submit", "training")):
        done = metier(home, *arguments, "--host", f"http://127.0.0.1:{port}")
        assert_one_line(done, 1, "no answer from", "Connection refused")


@pytest.mark.timeout(30)
def test_a_host_that_accepts_and_never_answers_is_left():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(NoAnswerError, match="Read timed out"):
            Server(f"http://127.0.0.1:{silent.getsockname()[1]}", seconds=(0.2, 0.2))
        silent.accept()[0].close()
        silent.settimeout(0)
        with pytest.raises(BlockingIOError):
            silent.accept()  # it was asked once only


@pytest.mark.timeout(30)
def test_a_server_that_falls_silent_later_is_left_too():
    over = threading.Event()

    def answer(call):
        if call.path.endswith("/healthz"):
            return HEALTH
        over.wait(20)
        return 0, ""

    with serving(answer) as kubeflow:
        server = Server(kubeflow.url, seconds=(0.2, 0.2))
        error, shown = watched(server)
        with pytest.raises(NoAnswerError, match="Read timed out"):
            submit(server, TINY, experiment="metier", now=NOW)
        over.set()
    assert "Read timed out" in str(error)
    assert len(shown) == 2


@pytest.mark.parametrize(
    "answer",
    [
        (200, "<html>Welcome to nginx</html>"),
        (200, ""),
        (200, "[]"),
        (200, "5"),
        (200, '{"status": "up"}'),
        (404, "<html>nothing here</html>"),
        (404, {"detail": "Not Found"}),
        (404, {"code": 5, "message": "Not Found"}),
        (500, "oops"),
    ],
)
def test_a_host_that_is_no_kubeflow_says_so(answer):
    with serving(lambda call: answer) as other, pytest.raises(PipelineError, match="not as Kubeflow Pipelines 2"):
        Server(other.url)


@pytest.mark.parametrize("answer", [(200, "<html>Sign in</html>"), (200, '{"runs": [], "experiments": []}')])
def test_a_login_page_on_the_way_is_no_kubeflow_either(answer):
    answers = {"GET /healthz": [HEALTH], "GET /experiments": [answer], "POST /experiments": [answer]}
    with serving(script(answers | {f"GET /runs/{RUN}": [answer]})) as other:
        server = Server(other.url)
        with pytest.raises(PipelineError, match="not as Kubeflow Pipelines 2"):
            submit(server, TINY, experiment="metier", now=NOW)
        error, _ = watched(server)
    assert "not as Kubeflow Pipelines 2" in str(error)


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_refuses_access_names_the_token_and_the_cookie_modelled(status):
    said = rf"refuses access \(HTTP {status}\).*KF_PIPELINES_SA_TOKEN_PATH.*METIER_KUBEFLOW_COOKIE"
    with serving(lambda call: (status, "RBAC: access denied")) as other, pytest.raises(PipelineError, match=said):
        Server(other.url)


def test_a_refusal_of_access_in_the_servers_own_envelope_is_told_modelled_by_kfp_server_api():
    envelope = kfp_server_api.GoogleRpcStatus(code=7, message="User 'x' is not authorized with reason: no\n  verb get")
    body = kfp_server_api.ApiClient().sanitize_for_serialization(envelope)
    answers = {"GET /healthz": [HEALTH], "GET /runs/r": [(403, body)]}
    with serving(script(answers)) as kubeflow:
        error, _ = watched(Server(kubeflow.url), "r")
    assert "refuses access (HTTP 403: User 'x' is not authorized with reason: no verb get)" in str(error)


def test_a_persons_cookie_is_shown_to_the_server_and_to_nobody_else_modelled(monkeypatch):
    monkeypatch.setenv("METIER_KUBEFLOW_COOKIE", "oauth2_proxy_kubeflow=secret")
    with serving(script({"GET /healthz": [HEALTH], f"GET /runs/{RUN}": [(401, "")]})) as kubeflow:
        server = Server(kubeflow.url)
        error, shown = watched(server)
    assert {call.headers["Cookie"] for call in kubeflow.calls} == {"oauth2_proxy_kubeflow=secret"}
    assert "secret" not in f"{error} {shown} {load_settings()!r}"


def test_what_changes_nothing_is_asked_again_and_what_creates_is_not():
    found = (200, {"experiments": [{"experiment_id": "e7"}]})
    answers = {
        "GET /healthz": [HEALTH],
        "GET /experiments": [(503, ""), (0, ""), found],
        "POST /runs": [(503, "upstream")],
    }
    with serving(script(answers)) as kubeflow, pytest.raises(PipelineError, match=r"busy .*the run may exist"):
        submit(Server(kubeflow.url, pauses=(0.01, 0.01)), TINY, experiment="metier", now=NOW)
    assert [call.path for call in kubeflow.calls].count(f"{API}/experiments") == 3
    assert len(kubeflow.bodies("/runs")) == 1


def test_a_run_is_started_as_the_service_account_of_the_cluster():
    found = (200, {"experiments": [{"experiment_id": "e7"}]})
    answers = {"GET /healthz": [HEALTH], "GET /experiments": [found], "POST /runs": [(200, {"run_id": RUN})]}
    with serving(script(answers)) as kubeflow:
        submit(Server(kubeflow.url), replace(TINY, service_account="metier-steps"), experiment="metier", now=NOW)
    assert kubeflow.bodies("/runs")[0]["service_account"] == "metier-steps"


def test_without_a_word_on_what_steps_get_nothing_is_submitted(home, monkeypatch):
    monkeypatch.setattr("tests.pipelines.command.CLUSTER", {})
    done = metier(home, "submit", "training", "--host", "http://127.0.0.1:1")
    assert_one_line(done, 2, "nothing says what steps get on the cluster; give --cluster or set METIER_CLUSTER_FILE")


# TLS


@pytest.fixture
def authority(tmp_path):
    """(PEM file of a certificate that signs itself for 127.0.0.1, context of a server that shows it)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubeflow")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = builder.add_extension(address, False).sign(key, hashes.SHA256())
    pem, secret = tmp_path / "ca.pem", tmp_path / "key.pem"
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return pem, context


def test_a_certificate_is_checked_by_the_authority_that_is_named(authority, monkeypatch):
    pem, context = authority
    with serving(script({"GET /healthz": [HEALTH]}), context) as kubeflow:
        with pytest.raises(PipelineError, match=r"is not trusted .*METIER_KUBEFLOW_CA_FILE"):
            Server(kubeflow.url)
        monkeypatch.setenv("METIER_KUBEFLOW_CA_FILE", str(pem))
        assert Server(kubeflow.url).get_kfp_healthz().multi_user is False


@pytest.mark.parametrize(("content", "fault"), [(None, "No such file or directory"), ("no certificate", r"\[X509")])
def test_an_authority_that_is_none_is_a_mistake_of_the_caller(monkeypatch, tmp_path, content, fault):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("METIER_KUBEFLOW_CA_FILE", str(path))
    with pytest.raises(InputError, match=rf"METIER_KUBEFLOW_CA_FILE is .*ca\.pem: {fault}.*; set it to a PEM file"):
        Server("https://127.0.0.1:1")


@pytest.mark.parametrize("host", ["localhost:8080", "ftp://kubeflow", "http://", "http://[::1", "http://h:99999", ""])
def test_a_host_that_is_no_url_is_a_mistake_of_the_caller(host):
    with pytest.raises(InputError, match="is not a URL"):
        Server(host)


def test_an_unknown_pipeline_is_a_mistake_of_the_caller_whatever_the_host(home):
    assert_one_line(metier(home, "submit", "trainning", "--host", "http://127.0.0.1:1"), 2, "features, training")


@pytest.mark.parametrize("command", ["submit", "schedule", "list", "wait", "logs", "cancel", "check"])
def test_the_commands_show_an_example(home, command):
    assert "Example:" in metier(home, command, "--help").stdout
