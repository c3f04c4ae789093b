"""The routes against their own OpenAPI document, by schemathesis: what it allows, and what it does not.

More examples than the suite takes: `python -m pytest tests/serving/http/test_document_held.py --examples 1000`.
"""

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.failures import ServerError
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serving.http.routes import create_api
from tests.serving.world import served

TOO_LATE = "passed before the turn of this request came"
"""What a request is told whose deadline nobody could keep; another try with the same one may succeed."""


def no_fault_of_the_server(_, response, case):
    """No 5xx but for a deadline that had passed."""
    if response.status_code >= 500 and TOO_LATE not in response.text:
        raise ServerError(operation=case.operation.label, status_code=response.status_code)


CHECKS = [no_fault_of_the_server, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = [
    found.ok() for found in schemathesis.openapi.from_dict(create_api(lambda: None).openapi()).get_all_operations()
]


@pytest.fixture(scope="module")
def url(own):
    with served(own.engine) as client:
        yield client.url


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_whatever_is_sent_the_answer_is_one_that_the_document_names(operation, url, pytestconfig):
    cases = st.one_of(operation.as_strategy(mode) for mode in _modes(operation))

    @hypothesis.given(case=cases)
    @hypothesis.settings(
        max_examples=pytestconfig.getoption("examples"),
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def asked(case):
        case.call_and_validate(base_url=url, checks=CHECKS, timeout=60)

    asked()


def _modes(operation):
    """Ways to generate: a route without parameters and body has nothing that could be wrong."""
    has_input = operation.body or any(True for _ in operation.iter_parameters())
    return list(GenerationMode) if has_input else [GenerationMode.POSITIVE]
