"""Print how the code is built: ``python -m tools.structure [package …]``.

Counts modules, lines, the share of ``Any`` in arguments, import lists and the imports between the
packages of each app. Migrations and tests are left out.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
APPS: Final = ("lad", "tenants", "billing", "leads", "campaigns", "voice", "aiicp", "demo", "tools")


def modules(packages: list[str]) -> Iterator[tuple[Path, ast.Module]]:
    """Yield each module of the packages with its syntax tree, without migrations."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, ast.parse(path.read_text())


def arguments(tree: ast.Module) -> Iterator[ast.arg]:
    """Yield the arguments of every function but ``self`` and ``cls``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            spec = node.args
            named = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
            yield from (each for each in named if each.arg not in {"self", "cls"})
            yield from (each for each in (spec.vararg, spec.kwarg) if each is not None)


def is_any(argument: ast.arg) -> bool:
    """Return whether the argument is annotated with ``Any`` itself."""
    return isinstance(argument.annotation, ast.Name) and argument.annotation.id == "Any"


def mentions_any(argument: ast.arg) -> bool:
    """Return whether ``Any`` stands anywhere in the annotation."""
    return argument.annotation is not None and any(
        isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(argument.annotation)
    )


def imported_names(tree: ast.Module) -> int:
    """Return how many names the module imports."""
    return sum(len(node.names) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def package_edges(path: Path, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the imports that lead from the module's feature package to another one of its app."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == parts[0]:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            targets = {name.split(".")[1] for name in names}
            yield from ((".".join(parts[:2]), f"{parts[0]}.{target}") for target in targets if target != parts[1])


def main() -> None:
    packages = sys.argv[1:] or [app for app in APPS if (ROOT / app).is_dir()]
    found = list(modules(packages))
    lines = {path: len(path.read_text().splitlines()) for path, _tree in found}
    with_code = [count for count in lines.values() if count]
    every = [argument for _path, tree in found for argument in arguments(tree)]
    bare, mentioned = sum(map(is_any, every)), sum(map(mentions_any, every))
    largest = max(lines, key=lambda path: lines[path])
    longest, longest_imports = max(((path, imported_names(tree)) for path, tree in found), key=lambda pair: pair[1])
    edges = Counter(edge for path, tree in found for edge in package_edges(path, tree))
    both_ways = sorted({(a, b) for a, b in edges if (b, a) in edges and a < b})
    print(f"modules {len(with_code)}, lines {sum(with_code):,}, median {median(with_code):.0f} lines")
    print(f"largest module {largest.relative_to(ROOT)}, {lines[largest]} lines")
    print(
        f"arguments {len(every)}, Any {bare} ({bare / len(every):.1%}), Any inside {mentioned} ({mentioned / len(every):.1%})"
    )
    print(f"longest import list {longest.relative_to(ROOT)}, {longest_imports} names")
    print(f"imports between packages of one app {sum(edges.values())}, pairs of packages {len(edges)}")
    print(f"pairs that import each other {len(both_ways)}: {', '.join(f'{a} and {b}' for a, b in both_ways) or 'none'}")


if __name__ == "__main__":
    main()
