"""A port or a host that the endpoint cannot have is named before anything starts; a failed start has its cause."""

import socket

import pytest

from metier.errors import InputError, ServingError, SettingsError
from metier.settings import Settings
from serving.launch import _cause, _environment
from serving.ports import free_port, require_free


def test_a_port_that_is_taken_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServingError, match=f"port {port} of 127.0.0.1 is taken .*--port"):
            require_free("127.0.0.1", port)


@pytest.mark.parametrize("port", [70_000, -1])
def test_a_port_that_does_not_exist_is_refused(port):
    with pytest.raises(InputError, match=f"port {port} does not exist; choose one of 0 to 65535"):
        require_free("127.0.0.1", port)


@pytest.mark.parametrize("host", ["8.8.8.8", "no.such.host.invalid"])
def test_a_host_that_is_not_here_is_refused_by_the_name_of_its_setting(host):
    for ask in (free_port, lambda host: require_free(host, 8000)):
        with pytest.raises(SettingsError, match=f"METIER_HTTP_HOST is {host}, which is no address of this machine"):
            ask(host)


def test_the_cause_of_a_failed_start_is_the_last_line_of_what_a_deployment_says():
    failed = RuntimeError("Deploying application metier failed: ['Endpoint']")
    message = "The deployment failed to start. Error:\nTraceback ...\nmetier.errors.FeatureError: nothing there\n\n"
    assert _cause(failed, [message]) == "metier.errors.FeatureError: nothing there"
    assert _cause(failed, [""]) == str(failed)
    assert _cause(RuntimeError(), []) == "RuntimeError"


def test_two_endpoints_of_one_machine_share_no_port(tmp_path):
    ports = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        environment = _environment(Settings(home=tmp_path), tmp_path / name)
        ports.append([environment[key] for key in environment if "PORT" in key and "MAX" not in key])
        assert "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT" in environment
    assert not set(ports[0]) & set(ports[1])
