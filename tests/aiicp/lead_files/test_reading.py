"""Files of any usual program are read, their columns recognised; hostile ones are refused with what to do."""

import io
import zipfile

import pytest

from aiicp.lead_files.columns import TEMPLATE
from aiicp.lead_files.files import MAX_BYTES, MAX_CELL, MAX_ROWS, MAX_UNPACKED, UnreadableFile, read_file, rows_of_file
from aiicp.lead_files.mapping import CUSTOM, propose, with_choices
from aiicp.lead_files.template import csv_template, xlsx_template
from lad.errors import Invalid
from lad.xlsx import MAX_COLUMNS, workbook_of
from tests.leads.contactability.workbooks import MAIN, workbook

ROWS = [["Vorname", "E-Mail", "Stadt"], ["Jörg", "joerg@acme.example", "Köln"], ["Ana", "ana@acme.example", "León"]]


def text(separator: str, end: str = "\r\n") -> str:
    return end.join(separator.join(row) for row in ROWS) + end


@pytest.mark.parametrize(
    "content",
    [
        text(",").encode(),
        text(";").encode("utf-8-sig"),
        text("\t").encode("cp1252"),
        text("|", "\n").encode("utf-16"),
        text(";").encode("utf-16-le"),
        text(";", "\n").encode("utf-16-be"),
        ("sep=;\r\n" + text(";")).encode(),
        ("\r\n" + text(",") + "\r\n,,\r\n").encode(),
        workbook(ROWS),
        workbook_of(ROWS),
    ],
)
def test_a_file_of_any_usual_program_is_read(content: bytes) -> None:
    table = read_file(content)
    assert table.headings == ("Vorname", "E-Mail", "Stadt")
    assert [cells for _number, cells in table.rows] == [tuple(row) for row in ROWS[1:]]


def test_arabic_of_old_windows_is_read() -> None:
    table = read_file("الاسم,المدينة\nليلى,دبي\n".encode("cp1256"))
    assert table.headings == ("الاسم", "المدينة")
    assert table.rows[0][1] == ("ليلى", "دبي")


def test_rows_keep_the_number_of_their_line_in_the_file() -> None:
    table = read_file(b'name,email\n"Maya\nHaddad",a@acme.example\n\nBob,b@acme.example,extra\n')
    assert table.rows == [(2, ("Maya\nHaddad", "a@acme.example", "")), (5, ("Bob", "b@acme.example", "extra"))]
    assert table.headings == ("name", "email", "")


def test_what_a_spreadsheet_would_run_is_only_text() -> None:
    rows = read_file(b"name,notes\n'=HYPERLINK(1),=cmd|'/c calc'!A1\n").rows
    assert rows[0][1] == ("=HYPERLINK(1)", "=cmd|'/c calc'!A1")


def bomb() -> bytes:
    content = io.BytesIO()
    sheet = f"<worksheet {MAIN}><sheetData>{' ' * (MAX_UNPACKED + 1)}</sheetData></worksheet>"
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        made.writestr("xl/worksheets/sheet1.xml", sheet)
    return content.getvalue()


def archive(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr(name, "x")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\r\n,,,\r\n", "empty"),
        (b"\x00\x01\x02\x03", "no text"),
        (b"name,email\nMaya\x00,a@b.example", "no text"),
        (b"\xef\xbb\xbfname\n\xff\xff", "no text"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "old or protected Excel"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04 no archive", "no Excel workbook"),
        (archive("content.xml"), "no Excel workbook"),
        (bomb(), "no Excel workbook"),
        (b"a" * (MAX_BYTES + 1), "larger than 25 MB"),
        (b"," * 1_000_000, f"more than {MAX_COLUMNS} columns"),
        (workbook_of([["x"] * (MAX_COLUMNS + 1)]), f"more than {MAX_COLUMNS} columns"),
        (b"name\n" + b"x" * (MAX_CELL + 1), "32,767"),
        (b'name\n"' + b"x\n" * 200_000, "quotation mark"),
        (b"email\n" + b"a@b.example\n" * (MAX_ROWS + 1), "more than 250,000 rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_says_what_to_do(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read_file(content)
    assert words in refused.value.detail


@pytest.mark.parametrize(
    ("heading", "key"),
    [
        ("First Name", "first_name"),
        ("Vorname", "first_name"),
        ("Nombre", "first_name"),
        ("Prénom", "first_name"),
        ("NACHNAME", "last_name"),
        ("Apellidos", "last_name"),
        ("Nom de famille", "last_name"),
        ("E-Mail-Adresse", "email"),
        ("Correo electrónico", "email"),
        ("Courriel", "email"),
        ("work_email", "email"),
        ("Handynummer", "phone"),
        ("Teléfono", "phone"),
        ("N° de téléphone", "phone"),
        ("Téléphone", "phone"),
        ("WhatsApp Number", "whatsapp"),
        ("Person Linkedin Url", "linkedin_url"),
        ("Company Linkedin Url", ""),
        ("Company Phone", ""),
        ("Firma", "company_name"),
        ("Empresa", "company_name"),
        ("Société", "company_name"),
        ("Webseite", "company_domain"),
        ("Branche", "industry"),
        ("# Employees", "company_size"),
        ("Ville", "city"),
        ("País", "country"),
        ("Bemerkungen", "notes"),
        ("Ansprechpartner", "full_name"),
        ("Lieblingsfarbe", ""),
    ],
)
def test_a_heading_is_recognised_in_four_languages(heading: str, key: str) -> None:
    [column] = propose(read_file(f"{heading}\nx\n".encode()))
    assert column.key == key


@pytest.mark.parametrize(
    ("values", "key"),
    [
        (["maya@acme.example", "bob@acme.example", "none"], "email"),
        (["https://www.linkedin.com/in/maya", "linkedin.com/in/bob"], "linkedin_url"),
        (["https://www.linkedin.com/company/acme"], "company_domain"),
        (["+971 50 123 4567", "04/123 45 67"], "phone"),
        (["80331", "10115"], ""),
        (["acme.example", "https://www.acme.example/about"], "company_domain"),
        (["blue", "maya@acme.example"], ""),
    ],
)
def test_a_column_without_a_known_heading_is_recognised_by_its_content(values: list[str], key: str) -> None:
    [column] = propose(read_file("\n".join(["Spalte X", *values]).encode()))
    assert column.key == key
    assert bool(column.why) == bool(key)


def test_a_column_is_taken_once_and_the_user_decides() -> None:
    table = read_file(b"Email,Second email,Colour\na@acme.example,b@acme.example,red\n")
    assert [each.key for each in propose(table)] == ["email", "", ""]
    chosen = with_choices(table, {1: "email", 2: CUSTOM})
    assert [each.key for each in chosen] == ["", "email", CUSTOM]
    for wrong in ({0: "email", 1: "email"}, {0: "shoe_size"}, {7: "email"}):
        with pytest.raises(Invalid):
            with_choices(table, wrong)


@pytest.mark.parametrize("content", [csv_template(), xlsx_template()])
def test_the_template_has_fourteen_columns_that_are_recognised(content: bytes) -> None:
    table = read_file(content)
    assert [each.key for each in propose(table)] == [column.key for column in TEMPLATE]
    assert len(TEMPLATE) == 14
    assert len({column.description for column in TEMPLATE}) == 14
    assert table.rows[0][1] == tuple(column.example for column in TEMPLATE)


CARDS = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Haddad;Maya;;Dr.;\r\nFN:Dr. Maya Haddad\r\nORG:Acme\\, Clinics;Sales\r\n"
    "item1.EMAIL;TYPE=WORK:maya@ac\r\n me.example\r\nEMAIL:second@acme.example\r\n"
    "TEL;VALUE=uri:tel:+971-50-123-4567\r\n"
    "URL:https://www.linkedin.com/in/maya\r\nURL:acme.example\r\nADR;TYPE=WORK:;;Street 1;Dubai;;123;UAE\r\n"
    "NOTE:Met\\nat a fair\r\nEND:VCARD\r\n"
    "begin:vcard\nVERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCrgen=\n K\nJUNK\nend:vcard\n"
    "BEGIN:VCARD\nEND:VCARD\n"
)


def test_address_cards_are_read_as_rows() -> None:
    table = read_file(CARDS.encode())
    assert [each.key for each in propose(table)][:5] == ["first_name", "last_name", "full_name", "email", "phone"]
    assert [number for number, _cells in table.rows] == [1, 2]
    maya, juergen = (dict(zip(table.headings, cells, strict=True)) for _number, cells in table.rows)
    assert [maya[name] for name in ("First name", "Last name", "E-mail", "Phone", "LinkedIn", "Website")] == [
        *(
            "Maya",
            "Haddad",
            "maya@acme.example",
            "+971-50-123-4567",
            "https://www.linkedin.com/in/maya",
            "acme.example",
        ),
    ]
    assert [maya[name] for name in ("Company", "City", "Country", "Notes")] == [
        *("Acme, Clinics", "Dubai", "UAE", "Met\nat a fair"),
    ]
    assert (maya["Full name"], juergen["Full name"]) == ("", "Jürgen K")


def test_of_a_long_file_the_first_rows_are_kept_and_all_are_counted() -> None:
    content = b"email,name\n" + b"a@b.example,A\n" * MAX_ROWS
    table = read_file(content, most=100)
    assert (len(table.rows), table.total) == (100, MAX_ROWS)
    assert sum(1 for _row in rows_of_file(content)) == MAX_ROWS
