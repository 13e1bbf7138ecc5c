"""Write workbooks as Excel does: shared texts, numbers with exponents, and cells that are left out."""

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
Cell = str | int | float | None


def workbook(rows: Sequence[Sequence[Cell]], *, shared: bool = True) -> bytes:
    """Return a workbook with the rows on its first sheet."""
    texts: list[str] = []
    lines = []
    for number, row in enumerate(rows, 1):
        cells = []
        for column, value in enumerate(row):
            place = f"{chr(ord('A') + column)}{number}"
            if value is None:
                continue
            if not isinstance(value, str):
                cells.append(f'<c r="{place}"><v>{value}</v></c>')
            elif shared:
                texts.append(value)
                cells.append(f'<c r="{place}" t="s"><v>{len(texts) - 1}</v></c>')
            else:
                cells.append(f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/worksheets/sheet1.xml", f"<worksheet {MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>"
        )
        archive.writestr("xl/worksheets/sheet2.xml", f"<worksheet {MAIN}><sheetData/></worksheet>")
        if shared:
            items = "".join(f"<si><r><t>{escape(each)}</t></r><rPh><t>kana</t></rPh></si>" for each in texts)
            archive.writestr("xl/sharedStrings.xml", f"<sst {MAIN}>{items}</sst>")
    return content.getvalue()
