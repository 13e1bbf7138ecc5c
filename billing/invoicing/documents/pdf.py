"""Render an invoice as PDF with Typst. The layout is fixed and the data is never part of its source."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import structlog

from billing.invoicing.documents.content import document_content
from billing.invoicing.documents.fonts import FontChoice, fonts_for, loaded
from billing.invoicing.models import Invoice

HERE: Final = Path(__file__).parent
LAYOUT: Final = HERE / "invoice.typ"
# PDF/A-2a for archiving, PDF/UA-1 for screen readers.
STANDARDS: Final[Any] = ["1.7", "a-2a", "ua-1"]

log = structlog.get_logger("lad.billing")


def invoice_pdf(invoice: Invoice) -> bytes:
    """Return the invoice as PDF. The same row gives the same bytes on every machine.

    A character that the shipped fonts lack is set with the machine's fonts, or as a box if it has none. Such a PDF
    does not conform to the archive format.
    """
    # Imported here: only a process that makes a PDF needs the 7 MB.
    import typst

    moment = invoice.finalised_at or invoice.created_at
    content = asdict(document_content(invoice))
    fonts = fonts_for(json.dumps(content, ensure_ascii=False), country=content["country"])
    inputs = {"document": json.dumps({**content, "fonts": fonts.families})}
    stamp = int(moment.timestamp())
    try:
        return _compile(inputs, stamp, STANDARDS, fonts, system_fonts=False)
    except typst.TypstError as error:
        log.info("invoice does not conform to the archive format", invoice=str(invoice.pk), reason=str(error))
        return _compile(inputs, stamp, [], fonts, system_fonts=True)


def _compile(inputs: dict[str, str], stamp: int, standards: Any, fonts: FontChoice, *, system_fonts: bool) -> bytes:
    import typst

    compiler = typst.Compiler(
        LAYOUT,
        root=HERE,
        font_paths=loaded(east_asian=fonts.east_asian, system=system_fonts),
        ignore_system_fonts=not system_fonts,
        sys_inputs=inputs,
    )
    made: Any = compiler.compile(format="pdf", pdf_standards=standards, timestamp=stamp)
    return bytes(made)
