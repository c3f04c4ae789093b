"""A port or a host that the endpoint cannot have is named before anything starts; a failed start has its cause."""

import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from metier.errors import InputError, ServingError, SettingsError
from metier.settings import Settings
from serving import ports
from serving.launch import _cause, _environment, _processes
from serving.ports import free_port, free_ports, require_free


def test_a_port_that_is_taken_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServingError, match=f"port {port} of 127.0.0.1 is taken .*--port"):
            require_free("127.0.0.1", port)


def test_a_free_port_is_none_that_outgoing_connections_are_given():
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(10_000 <= free_port("127.0.0.1") < max(low, 32_768) for _ in range(20))


def test_ports_in_a_row_are_all_free(monkeypatch):
    """Of 10000 to 10005, 10002 is taken: three in a row start at 10003."""
    monkeypatch.setattr(ports, "ASSIGNED_BY_NOBODY", range(10_000, 10_007))
    monkeypatch.setattr(ports, "TRIES", 1_000)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 10_002))
        taken.listen()
        assert free_ports("127.0.0.1", 3, ()) == range(10_003, 10_006)
        assert free_ports("127.0.0.1", 2, (10_004,)) == range(10_000, 10_002)
        with pytest.raises(ServingError, match="no 5 ports in a row"):
            free_ports("127.0.0.1", 5, ())


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
    with ExitStack() as opened:
        one, other = {}, {}
        for name, each in (("one", one), ("other", other)):
            (tmp_path / name).mkdir()
            each |= _environment(Settings(home=tmp_path), tmp_path / name, 8000)
            for port in ports_of(each):
                taken = opened.enter_context(socket.socket())
                taken.bind(("127.0.0.1", port))
    assert not ports_of(one) & ports_of(other)


def ports_of(environment):
    return {int(environment[key]) for key in environment if "PORT" in key}


def test_processes_of_the_endpoint_are_as_without_pandas_unless_a_ranker_may_want_it(tmp_path):
    own = Settings(home=tmp_path, ranker_classes="my_package:MyRanker")
    assert _processes(own) == {}
    module, _, name = _processes(Settings(home=tmp_path))["worker_process_setup_hook"].rpartition(".")
    program = (
        f"from {module} import {name}; {name}()\n"
        "import sys, pyarrow as pa\n"
        "from ray.serve._private import utils\n"
        "assert utils.pd is None and pa.array(['a', None]).to_numpy(zero_copy_only=False).tolist() == ['a', None]\n"
        "assert 'pandas' not in sys.modules\n"
        "import pandas"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: pandas is left out of the processes of an endpoint"
