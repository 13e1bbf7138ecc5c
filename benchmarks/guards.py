"""Remove guards of the product one at a time and see a test turn red: python benchmarks/guards.py [--part sending]

``benchmarks/guards/*.toml`` name each guard, the file that it stands in, the text that is replaced (it occurs once),
what is put in its place, and the tests that must notice. The product is copied to a directory of its own, in which
the tests are green at first; each guard is then removed, its tests run until the first is red, and it is put back.

Prints a line for each guard. Exits 1 if one is not noticed.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import Aims  # noqa: E402  (importable only after sys.path is set)

# pytest's exit code if tests were red. Others mean that they could not be run.
RED: Final = 1
# A removed guard can make a loop endless.
SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard: the text that is removed from a file, and the tests that must turn red."""

    name: str
    file: str
    find: str
    tests: tuple[str, ...]
    put: str = ""


class Unreadable(Exception):
    """A guard names a text that does not occur exactly once."""


def guards(part: str = "") -> Iterator[Guard]:
    """Read the guards of a part, or of all."""
    for path in sorted((ROOT / "benchmarks" / "guards").glob(f"{part or '*'}.toml")):
        for entry in tomllib.loads(path.read_text())["guard"]:
            tests = entry.pop("tests")
            yield Guard(tests=tuple([tests] if isinstance(tests, str) else tests), **entry)


@contextmanager
def removed(guard: Guard, copy: Path) -> Iterator[None]:
    """Remove the guard from the copy for the length of the block. Raises Unreadable."""
    path = copy / guard.file
    before = path.read_text()
    if before.count(guard.find) != 1:
        raise Unreadable(f"{guard.name}: the text occurs {before.count(guard.find)} times in {guard.file}.")
    _write(path, before.replace(guard.find, guard.put))
    try:
        yield
    finally:
        _write(path, before)


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    # Python takes a compiled file for current that was made within the same second.
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def run(copy: Path, tests: Sequence[str]) -> int:
    """Run tests in the copy until the first is red. Return pytest's exit code; tests that do not end are red."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", *tests]
    try:
        return subprocess.run(command, cwd=copy, timeout=SECONDS, capture_output=True, check=False).returncode
    except subprocess.TimeoutExpired:
        return RED


@contextmanager
def copied() -> Iterator[Path]:
    """Copy the files under version control, as they are now, to a directory of their own."""
    with tempfile.TemporaryDirectory(prefix="lad-guards-") as name:
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        for line in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
            if (ROOT / line).is_file():
                target = Path(name, line)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / line, target)
        yield Path(name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", default="", help="the name of a list, such as sending")
    parser.add_argument("--only", default="", help="guards with this text in their name")
    options = parser.parse_args()
    chosen = [each for each in guards(options.part) if options.only in each.name]
    aims = Aims()
    with copied() as copy:
        tests = sorted({test for guard in chosen for test in guard.tests})
        if code := run(copy, tests):
            raise SystemExit(f"The tests are not green before a guard is removed: pytest answered {code}.")
        for guard in chosen:
            with removed(guard, copy):
                code = run(copy, guard.tests)
            aims.check(code == RED, guard.name if code in (0, RED) else f"{guard.name} (pytest answered {code})")
    return 0 if aims.close() else 1


if __name__ == "__main__":
    sys.exit(main())
