"""The audit of dependencies, by what pip-audit tells; nobody is asked."""

import json
import subprocess

import pytest

from infra import audit

VULNERABLE = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.0"]}
SOUND, ILL = {"name": "sound", "version": "1.0", "vulns": []}, {"name": "ill", "version": "1.0", "vulns": [VULNERABLE]}
UNKNOWN = {"name": "ours", "skip_reason": "not found"}


@pytest.fixture
def told(monkeypatch):
    """Runs the audit with what pip-audit would print; the arguments that it was given."""

    def run(stdout="", stderr="", status=0):
        asked = []
        done = subprocess.CompletedProcess([], status, stdout, stderr)
        monkeypatch.setattr(subprocess, "run", lambda command, **_: asked.append(command) or done)
        return audit.main(), asked[0]

    return run


def test_a_known_vulnerability_fails_and_is_named_with_its_fix(told, capsys):
    status, asked = told(json.dumps({"dependencies": [SOUND, ILL, UNKNOWN]}), status=1)
    assert status == 1
    assert asked[-1].endswith("requirements.lock")
    assert capsys.readouterr().out.splitlines() == [
        "not known to the advisories, and not audited: ours",
        "ill 1.0: PYSEC-1; fixed in: 2.0",
        "2 packages audited, 1 known vulnerabilities",
    ]


def test_what_was_accepted_passes_by_any_of_its_names(told, monkeypatch, capsys):
    monkeypatch.setattr(audit, "ACCEPTED", {"CVE-1": "the function is not called"})
    assert told(json.dumps({"dependencies": [ILL]}), status=1)[0] == 0
    assert capsys.readouterr().out == "1 packages audited, 0 known vulnerabilities\n"


def test_without_internet_it_says_so_and_passes(told, capsys):
    assert told(stderr="Traceback ...\nrequests.exceptions.ConnectionError: HTTPSConnectionPool(...)", status=1)[0] == 0
    assert "were not audited: https://osv.dev could not be asked (ConnectionError)" in capsys.readouterr().out


def test_a_failure_of_its_own_is_no_pass(told, capsys):
    assert told(stderr="No module named pip_audit", status=1)[0] == 2
    assert "No module named pip_audit" in capsys.readouterr().err
