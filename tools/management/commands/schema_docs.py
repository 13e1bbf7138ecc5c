"""``manage.py schema_docs``: docs/schema.md and a page for each table, from the models and registries."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tools.documentation import pages


class Command(BaseCommand):
    help = "Write the pages on the schema to docs/schema.md and docs/schema/."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is out of date")

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(settings.BASE_DIR) / "docs"
        texts = pages()
        wrong = out_of_date(root, texts)
        if options["check"]:
            if wrong:
                raise CommandError(f"Out of date, run manage.py schema_docs: {', '.join(wrong)}.")
            return
        (root / "schema").mkdir(exist_ok=True)
        for name in wrong:
            if name in texts:
                (root / name).write_text(texts[name])
            else:
                (root / name).unlink()
        self.stdout.write(f"{len(texts)} pages, {len(wrong)} written or removed.")


def out_of_date(root: Path, texts: dict[str, str]) -> list[str]:
    """Pages that are missing, differ, or belong to no table any more."""
    there = {f"schema/{path.name}": path for path in (root / "schema").glob("*.md")}
    stale = [name for name in there if name not in texts]
    return sorted([*stale, *(name for name, text in texts.items() if _read(root / name) != text)])


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
