"""The drawing of the exception tree is the tree, no package has an exception outside of it, and all can be pickled."""

import ast
import builtins
import pickle
import re
from pathlib import Path

import pytest

from metier import errors

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("metier", "feature_repo", "components", "pipelines", "serving")


def tree():
    """Every class of the tree, by name."""
    classes = [errors.MetierError]
    for kind in classes:
        classes += kind.__subclasses__()
    return {kind.__name__: kind for kind in classes}


def drawn():
    """{name: name of its parent} as the docstring draws them: four characters of indentation a level."""
    path, parents = [], {}
    for line in errors.__doc__.splitlines():
        node = re.match(r"((?:[│ ] {3})*(?:[├└]── )?)([A-Z]\w+)(\s{2,}|$)", line)
        if node is None:
            continue
        depth = len(node[1]) // 4
        path[depth:] = [node[2]]
        parents[node[2]] = path[depth - 1] if depth else "Exception"
    return parents


def exception_classes():
    """{name: (file, bases)} of every class of the packages that is an exception, by the names of its bases."""
    classes = {}
    for package in PACKAGES:
        for path in (CHECKOUT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    bases = [ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases]
                    classes[f"{path.relative_to(CHECKOUT)}:{node.name}"] = (node.name, bases)
    known = {name for name, value in vars(builtins).items() if isinstance(value, type)}
    known = {name for name in known if issubclass(getattr(builtins, name), BaseException)}
    found = {}
    while True:
        fresh = {
            place: bases
            for place, (_, bases) in classes.items()
            if place not in found and any(base in known or base.endswith(("Error", "Exception")) for base in bases)
        }
        if not fresh:
            return found
        found |= fresh
        known |= {classes[place][0] for place in fresh}


def test_the_drawing_is_the_tree():
    tree = {
        name: kind.__base__.__name__
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert drawn() == tree
    assert len(tree) >= 25


def test_every_exception_of_the_packages_is_in_the_tree():
    places = exception_classes()
    assert "metier/errors.py:BusyError" in places
    assert {place for place in places if not place.startswith("metier/errors.py:")} == set()


@pytest.mark.parametrize("kind", tree().values(), ids=tree())
def test_an_error_comes_out_of_a_pickle_as_it_went_in(kind):
    unknown = kind.__init__ is errors.UnknownNameError.__init__
    error = kind("table", "job", ("jobs", "clients")) if unknown else kind("a fact; a move")
    error.add_note("where it was")
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(back), str(back), back.args, back.__notes__) == (kind, str(error), error.args, ["where it was"])


def test_an_unknown_name_says_what_is_known():
    error = errors.UnknownNameError("table", "job", ("jobs", "clients"))
    assert str(error) == "unknown table 'job'; use one of: jobs, clients"
