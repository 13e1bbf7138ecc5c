"""Find the places in the code that ask a model."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
APPS: Final = ("lad", "tenants", "billing", "leads", "campaigns", "voice", "aiicp", "demo", "tools")
# Whatever makes a question, or a call without one.
MODULES: Final = {"lad.llm.questions": "Question", "lad.llm.calling": "Call"}


def places_that_ask() -> Iterator[str]:
    """Yield each function that makes a question or a call, as ``path:function``."""
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            if "lad.llm" in text:
                path = file.relative_to(ROOT).as_posix()
                yield from (f"{path}:{name}" for name in functions_that_ask(ast.parse(text)))


def functions_that_ask(module: ast.Module) -> list[str]:
    """Return the functions of a module that make a question or a call, by whatever name it imports them."""
    names, modules = set(), set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            for each in node.names:
                if MODULES.get(node.module or "") == each.name:
                    names.add(each.asname or each.name)
                if f"{node.module}.{each.name}" in MODULES:
                    modules.add(each.asname or each.name)
        elif isinstance(node, ast.Import):
            modules |= {each.asname or each.name for each in node.names if each.name in MODULES}
    found: list[str] = []
    for outer in module.body:
        functions = [each for each in ast.walk(outer) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
        inside = {id(node) for each in functions for node in ast.walk(each)}
        found += [each.name for each in functions if any(_makes(node, names, modules) for node in ast.walk(each))]
        if any(_makes(node, names, modules) for node in ast.walk(outer) if id(node) not in inside):
            found.append("")
    return found


def _makes(node: ast.AST, names: set[str], modules: set[str]) -> bool:
    """Return whether a node makes one: ``Question(…)``, ``questions.Question(…)``, ``Call.make(…)``, or hands it on."""
    if not isinstance(node, ast.Call):
        return False
    used = [node.func, *node.args]
    if isinstance(node.func, ast.Attribute):
        used.append(node.func.value)
    return any(
        (isinstance(each, ast.Name) and each.id in names)
        or (isinstance(each, ast.Attribute) and ast.unparse(each.value) in modules and each.attr in MODULES.values())
        for each in used
    )
