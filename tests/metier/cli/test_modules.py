"""Commands that print in a second load no library that takes seconds."""

import json
import subprocess
import sys

import pytest

SLOW = ("torch", "kfp", "ray", "mlflow", "feast", "xgboost", "great_expectations")
PROGRAM = """
import json, sys
sys.argv = ["metier", *sys.argv[1:]]
from metier.cli.app import main
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize(
    "command",
    ["--help", "--version", "settings", "lake counts", "lake quarantine", "lake imports", "report --help",
     "doctor", "pipeline run --help", "demo --help"],
)  # fmt: skip
def test_a_quick_command_loads_no_slow_library(tmp_path, monkeypatch, command):
    monkeypatch.setenv("METIER_HOME", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", PROGRAM, *command.split()], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert "metier.cli.app" in loaded
    assert [name for name in SLOW if name in loaded] == []
