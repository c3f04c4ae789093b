"""What is checked before anything is sent: the verdicts of a server, without one."""

import pytest

from metier.errors import PipelineError
from pipelines.package import check
from tests.pipelines.kubeflow_replay import SPEC


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        ({"schemaVersion": "2.0.0"}, {}, "schema version 2.0.0, servers take 2.1.0"),
        ({"pipelineInfo": {"name": "Metier_training!"}}, {}, "'Metier_training!' is not 1 to 63"),
        ({"root": {"inputDefinitions": {"parameters": {"n": {}}}}}, {}, "'n' is a boolean to YAML 1.1"),
        ({"root": {"inputDefinitions": {"parameters": {"Yes": {}}}}}, {}, "'Yes' is a boolean to YAML 1.1"),
        ({}, {"row": 3}, "no parameter 'row'; give only: as_of, rows, surfaces"),
        ({}, {"rows": "3"}, "rows is '3', not of type NUMBER_INTEGER"),
        ({}, {"rows": True}, "rows is True, not of type NUMBER_INTEGER"),
        ({}, {"as_of": 2026}, "as_of is 2026, not of type STRING"),
        ({}, {"surfaces": "job_feed"}, "surfaces is 'job_feed', not of type LIST"),
    ],
)
def test_a_package_that_no_server_runs_is_refused_here(change, arguments, said):
    with pytest.raises(PipelineError, match=said):
        check(SPEC | change, arguments)


def test_what_servers_accept_is_accepted():
    check(SPEC, {"rows": 4.5, "as_of": "2026-03-01", "surfaces": []})


def test_a_parameter_without_a_default_has_to_be_given():
    """The server answers: parameter ... is not optional, yet has neither default value nor user provided value."""
    with pytest.raises(PipelineError, match="surfaces has no default and is not given; give it"):
        check(SPEC, {"rows": 3, "as_of": "2026-03-01"})
