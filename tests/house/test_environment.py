"""Only metier/settings.py reads the environment; who writes it does so because a library reads nothing else."""

import ast
import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("metier", "feature_repo", "components", "pipelines", "serving")
WRITERS = {
    "components/releases/registry_database.py": "MLflow takes its switches from the environment when it is imported",
    "metier/own_ray.py": "Ray takes its switches from the environment when it is imported",
    "pipelines/local.py": "steps are processes of kfp's, which hand on the environment and nothing else",
    "serving/launch.py": "Ray Serve takes its switches from the environment, and its replicas inherit them",
}
READS = re.compile(r"\b(environ|environb|getenv|getenvb)\b")


def mentions():
    """{file: source of each statement that names the environment}, of all packages."""
    found = {}
    for package in PACKAGES:
        for path in (CHECKOUT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                named = isinstance(node, ast.Attribute) and READS.fullmatch(node.attr)
                imported = isinstance(node, ast.ImportFrom) and any(READS.fullmatch(alias.name) for alias in node.names)
                if named or imported:
                    found.setdefault(str(path.relative_to(CHECKOUT)), []).append(node)
    return found


def updates(path):
    """The `os.environ` of each `os.environ.update(...)` in a file."""
    for node in ast.walk(ast.parse((CHECKOUT / path).read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "os.environ.update":
            yield ast.unparse(node.func.value)


def test_only_the_named_writers_touch_the_environment():
    assert set(mentions()) == set(WRITERS)


def test_a_writer_reads_nothing():
    for path, nodes in mentions().items():
        assert [ast.unparse(node) for node in nodes] == list(updates(path)), path
