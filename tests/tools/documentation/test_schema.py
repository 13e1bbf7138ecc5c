"""The pages on the schema: current, whole, and drawn so that Mermaid can read them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tools.documentation import pages
from tools.documentation.columns import undocumented_json_columns
from tools.documentation.registries import models
from tools.management.commands import schema_docs
from tools.management.commands.schema_docs import out_of_date

DOCS = Path(__file__).resolve().parents[3] / "docs"

ENTITY = re.compile(r"    ([A-Za-z_]\w*) \{")
ATTRIBUTE = re.compile(r"        [A-Za-z][\w\[\]]* [A-Za-z_]\w*(?: (?:PK|FK|UK)(?:, (?:PK|FK|UK))*)?")
RELATION = re.compile(r'    ([A-Za-z_]\w*) (?:\|\||\|o)--(?:o\{|o\|) ([A-Za-z_]\w*) : "[^"]+"')


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return pages()


def test_the_pages_are_those_the_models_give() -> None:
    # In a process of its own: other tests add resources and relations to this one's registries.
    command = [sys.executable, "-W", "ignore", "manage.py", "schema_docs", "--check"]
    checked = subprocess.run(command, cwd=DOCS.parent, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_command_finds_a_page_that_was_changed_by_hand_and_one_of_no_table(
    texts: dict[str, str], tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Written once: each time takes seconds. The test above has the command write the pages itself.
    monkeypatch.setattr(schema_docs, "pages", lambda: texts)
    settings.BASE_DIR = tmp_path  # type: ignore[attr-defined]
    (tmp_path / "docs").mkdir()
    call_command("schema_docs", verbosity=0)
    call_command("schema_docs", check=True)
    (tmp_path / "docs" / "schema" / "tenants.md").write_text("# tenants\n")
    (tmp_path / "docs" / "schema" / "no_table.md").write_text("# nothing\n")
    with pytest.raises(CommandError, match=r"no_table\.md.*tenants\.md"):
        call_command("schema_docs", check=True)
    call_command("schema_docs")
    assert not out_of_date(tmp_path / "docs", texts)


def test_every_table_has_a_page_and_a_line_in_the_index(texts: dict[str, str]) -> None:
    tables = {model._meta.db_table for model in models()}
    assert {name for name in texts if name.startswith("schema/")} == {f"schema/{table}.md" for table in tables}
    assert not {table for table in tables if f"[{table}](schema/{table}.md)" not in texts["schema.md"]}


def test_every_column_is_on_its_table_s_page(texts: dict[str, str]) -> None:
    assert models()
    for model in models():
        text = texts[f"schema/{model._meta.db_table}.md"]
        assert not [field.column for field in model._meta.concrete_fields if f"\n| `{field.column}` |" not in text]


def test_every_link_leads_to_a_page(texts: dict[str, str]) -> None:
    links = [
        (name, target)
        for name, text in texts.items()
        # A pattern in code may look like a link.
        for target in re.findall(r"\]\(([^)#]+)\)", re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL))
    ]
    assert links
    for name, target in links:
        assert (DOCS / name).parent.joinpath(target).resolve().relative_to(DOCS).as_posix() in texts, (name, target)


def test_every_row_of_a_table_has_as_many_cells_as_its_head(texts: dict[str, str]) -> None:
    tables = [(name, head, rows) for name, text in texts.items() for head, rows in _tables(text)]
    assert tables
    for name, head, rows in tables:
        assert {_cells(row) for row in rows} == {_cells(head)}, (name, head)


def test_the_diagrams_are_mermaid_and_draw_every_table_once(texts: dict[str, str]) -> None:
    drawn: list[str] = []
    for lines in _diagrams(texts["schema.md"]):
        assert lines[0] == "erDiagram"
        inside = False
        for line in lines[1:]:
            if entity := ENTITY.fullmatch(line):
                assert not inside, line
                drawn.append(entity[1])
                inside = True
            elif line == "    }":
                assert inside
                inside = False
            else:
                assert (ATTRIBUTE if inside else RELATION).fullmatch(line), line
        assert not inside
    assert sorted(drawn) == sorted(model._meta.db_table for model in models())


def test_a_relation_is_drawn_between_tables_that_exist(texts: dict[str, str]) -> None:
    tables = {model._meta.db_table for model in models()}
    ends = {end for pair in RELATION.findall(texts["schema.md"]) for end in pair}
    assert ends <= tables
    assert {"ai_conversations", "ai_messages", "users"} <= ends


def test_every_json_column_says_what_it_holds() -> None:
    missing = {
        model._meta.db_table: undocumented_json_columns(model) for model in models() if undocumented_json_columns(model)
    }
    assert not missing, "give these a JSON schema or a help_text"


def test_a_secret_is_marked_and_its_value_list_named(texts: dict[str, str]) -> None:
    page = texts["schema/tenant_invitations.md"]
    assert re.search(r"\| `invitation_token` \|.*Secret: a hash", page)
    assert re.search(r"\| `role` \|.*One of `owner`, `admin`, `member`, `viewer`", page)
    assert "deleted_at IS NULL" in page


def _diagrams(text: str) -> Iterator[list[str]]:
    for block in re.findall(r"```mermaid\n(.*?)\n```", text, re.DOTALL):
        yield block.split("\n")


def _tables(text: str) -> Iterator[tuple[str, list[str]]]:
    for block in re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE):
        head, *rows = block.strip().split("\n")
        yield head, rows


def _cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1
