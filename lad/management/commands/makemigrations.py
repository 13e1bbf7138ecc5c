"""Django's ``makemigrations``, for what the database sees, and with new versions of SQL files."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.core.management.commands import makemigrations

from lad.db.autodetector import LadAutodetector

INDENTATION = " " * 24
_TEXT = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_INSTALL = re.compile(rf"lad\.db\.operations\.InstallSql\(\s*package={_TEXT},\s*name={_TEXT},\s*version=(\d+),\s*\)")
_RULE = re.compile(rf"lad\.db\.operations\.TableRule\(create={_TEXT}, name={_TEXT}, remove={_TEXT}\)")


class Command(makemigrations.Command):
    autodetector = LadAutodetector
    written_files: list[str]

    def write_migration_files(self, changes: Any, update_previous_migration_paths: Any = None) -> None:
        self.include_header = False
        super().write_migration_files(changes, update_previous_migration_paths)
        for path in self.written_files:
            Path(path).write_text(_compact(Path(path).read_text(encoding="utf-8")), encoding="utf-8")
        _format(self.written_files)


def _compact(text: str) -> str:
    """Shorten the names of LAD's operations, and write SQL as it reads."""
    text = _INSTALL.sub(r"InstallSql(\1, \2, \3)", text)
    text = _RULE.sub(lambda rule: f"TableRule(name={rule[2]}, create={_sql(rule[1])}, remove={_sql(rule[3])})", text)
    used = [name for name in ("InstallSql", "TableRule") if f"{name}(" in text]
    return text.replace("import lad.db.operations\n", f"from lad.db.operations import {', '.join(used)}\n")


def _sql(literal: str) -> str:
    """Write SQL of several lines on several lines; TableRule takes the indentation away again."""
    sql = ast.literal_eval(literal)
    if "\n" not in sql:
        return literal
    lines = sql.replace("\\", "\\\\").replace('"""', r"\"\"\"").splitlines()
    indented = "".join(f"{INDENTATION}{line}\n" for line in lines)
    return f'"""\n{indented}{INDENTATION}"""'


def _format(paths: list[str]) -> None:
    """Format the files as ``make format`` does, where ruff is installed."""
    ruff = shutil.which("ruff", path=f"{Path(sys.executable).parent}:/usr/bin:/usr/local/bin")
    if ruff and paths:
        subprocess.run([ruff, "check", "--quiet", "--select", "I", "--fix", *paths], check=False)
        subprocess.run([ruff, "format", "--quiet", *paths], check=False)
