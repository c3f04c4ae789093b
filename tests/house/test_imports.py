"""The house as its imports draw it: no ring between files, and every room a layer of the contract."""

import tomllib
from pathlib import Path

import grimp
import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("metier", "feature_repo", "components", "pipelines", "serving")


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def rings(imports):
    """Groups of modules that reach each other, by Tarjan (1972), without recursion."""
    order, low, on_stack, stack, found = {}, {}, set(), [], []
    for root in imports:
        work = [(root, iter(imports[root]))] if root not in order else []
        while work:
            module, rest = work[-1]
            if module not in order:
                order[module] = low[module] = len(order)
                stack.append(module)
                on_stack.add(module)
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[module])
                if low[module] == order[module]:
                    ring = []
                    while not ring or ring[-1] != module:
                        ring.append(stack.pop())
                        on_stack.discard(ring[-1])
                    found.append(sorted(ring))
            elif following not in order:
                work.append((following, iter(imports[following])))
            elif following in on_stack:
                low[module] = min(low[module], order[following])
    return [ring for ring in found if len(ring) > 1]


def test_two_files_that_import_each_other_are_a_ring():
    assert rings({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]
    assert rings({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_two_files_import_each_other(graph):
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 200
    assert rings(imports) == []


def test_every_room_is_a_layer_of_the_contract():
    contract = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    layers = {room.strip() for layer in contract["layers"] for room in layer.split("|")}
    rooms = [path.parent for name in PACKAGES for path in (CHECKOUT / name).rglob("__init__.py")]
    named = {".".join(room.relative_to(CHECKOUT).parts) for room in rooms}
    inside = {room for room in named if any(room == layer or room.startswith(f"{layer}.") for layer in layers)}
    assert named - inside == {"metier", "feature_repo", "components"}


def test_no_room_has_more_than_fifteen_files_but_the_simulator():
    crowded = {
        str(folder.relative_to(CHECKOUT))
        for name in (*PACKAGES, "benchmarks")
        for folder in [CHECKOUT / name, *(CHECKOUT / name).rglob("*/")]
        if folder.name != "__pycache__" and len(list(folder.glob("*.py"))) > 15
    }
    assert crowded == {"components/simulator"}


def test_no_file_is_longer_than_three_hundred_lines():
    lengths = {
        str(path.relative_to(CHECKOUT)): len(path.read_text().splitlines())
        for name in (*PACKAGES, "benchmarks")
        for path in (CHECKOUT / name).rglob("*.py")
    }
    assert {path: lines for path, lines in lengths.items() if lines > 300} == {}
