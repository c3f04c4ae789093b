"""Every next move that a text of the packages names exists: commands and options, settings, routes, make targets.

Looks at every string of the code but docstrings; f-strings with a gap where a value goes.
"""

import ast
import re
from pathlib import Path

import pytest
import typer

from metier.cli.app import app
from metier.settings import Settings
from serving.http.routes import create_api

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("metier", "feature_repo", "components", "pipelines", "serving")
GAP = "\N{REPLACEMENT CHARACTER}"
COMMAND = re.compile(r"`metier ([^`]+)`")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
SETTING = re.compile(r"\bMETIER_[A-Z][A-Z_]*[A-Z]\b")
ROUTE = re.compile(r"(?:\b(GET|PUT|POST|DELETE) )?(/v1/[\w{}/]+)")
TARGET = re.compile(r"`make ([\w-]+)")
OTHERS = re.compile(r"\b(feast|mlflow|pip|git|conda|haproxy|kubectl) ")


def strings():
    """(place, text) of every string of the packages that is no docstring."""
    for package in PACKAGES:
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            tree = ast.parse(path.read_text())
            documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
            for node in ast.walk(tree):
                if id(node) in documented or id(node) in inner:
                    continue
                if (text := text_of(node)) is not None:
                    yield f"{path.relative_to(CHECKOUT)}:{node.lineno}", text


def text_of(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
    return None


def found(pattern):
    """(place, match) of a pattern in all strings."""
    return [(place, match) for place, text in STRINGS for match in pattern.finditer(text)]


STRINGS = list(strings())
ROOT = typer.main.get_command(app)


def commands(command=ROOT):
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from commands(inner)


def options(command):
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


def fault_of(words):
    """Why no such command line can be typed; None where it can."""
    command = ROOT
    for word in words:
        if word.startswith("--"):
            if word.split("=")[0] not in options(command):
                return f"{command.name} has no {word}"
        elif hasattr(command, "commands") and GAP not in word:
            if word not in command.commands:
                return f"{command.name} has no command {word}"
            command = command.commands[word]
    return None


def test_commands_exist():
    named = found(COMMAND)
    assert len(named) > 40
    faults = [(place, match[0], fault) for place, match in named if (fault := fault_of(match[1].split()))]
    assert faults == []


def test_options_exist():
    known = {name for command in commands() for name in options(command)}
    texts = [(place, text) for place, text in STRINGS if " " in text and not OTHERS.search(text)]
    named = [(place, name) for place, text in texts for name in OPTION.findall(text)]
    assert len(named) > 20
    assert [(place, name) for place, name in named if name not in known] == []


def test_settings_exist():
    known = {f"METIER_{name.upper()}" for name in Settings.model_fields}
    named = found(SETTING)
    assert len(named) > 20
    assert [(place, match[0]) for place, match in named if match[0] not in known] == []


def test_routes_exist():
    routes = [route for route in create_api(lambda: None).routes if hasattr(route, "methods")]
    known = {(method, generic(route.path)) for route in routes for method in route.methods}
    paths = {path for _, path in known}
    named = [(place, match[1], generic(match[2])) for place, match in found(ROUTE)]
    assert len(named) > 10
    missing = [
        (place, method, path)
        for place, method, path in named
        if ((method, path) not in known if method else not any(each.startswith(path) for each in paths))
    ]
    assert missing == []


def generic(path):
    """The path with its parameters unnamed."""
    return re.sub(rf"\{{[^}}]*\}}|{GAP}", "*", path).rstrip("/")


def test_targets_of_make_exist():
    makefile = (CHECKOUT / "Makefile").read_text()
    known = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert [(place, match[1]) for place, match in found(TARGET) if match[1] not in known] == []


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("pipeline run training", None),
        ("import people FILE --mapping MAPPING", None),
        ("import persons", "import has no command persons"),
        ("serve --prot 1", "serve has no --prot"),
        ("pipelines", "metier has no command pipelines"),
    ],
)
def test_a_command_line_that_cannot_be_typed_is_seen(words, fault):
    assert fault_of(words.split()) == fault
