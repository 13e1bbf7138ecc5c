"""Render an invoice as PDF with Typst. The layout is fixed and the data is never part of its source."""

import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from billing.invoicing.documents.content import document_content
from billing.invoicing.models import Invoice

if TYPE_CHECKING:
    import typst

HERE: Final = Path(__file__).parent
LAYOUT: Final = HERE / "invoice.typ"
# PDF/A-2a for archiving, PDF/UA-1 for screen readers.
STANDARDS: Final[Any] = ["1.7", "a-2a", "ua-1"]

log = structlog.get_logger("lad.billing")


def invoice_pdf(invoice: Invoice) -> bytes:
    """Return the invoice as PDF. The same row gives the same bytes on every machine.

    Text in a script that the bundled fonts lack uses the machine's fonts, or boxes if it has none. Such a PDF
    does not conform to the archive format.
    """
    # Imported here: only a process that makes a PDF needs the 7 MB.
    import typst

    moment = invoice.finalised_at or invoice.created_at
    inputs = {"document": json.dumps(asdict(document_content(invoice)))}
    stamp = int(moment.timestamp())
    try:
        return _compile(inputs, stamp, STANDARDS, system_fonts=False)
    except typst.TypstError as error:
        log.info("invoice does not conform to the archive format", invoice=str(invoice.pk), reason=str(error))
        return _compile(inputs, stamp, [], system_fonts=True)


def _compile(inputs: dict[str, str], stamp: int, standards: Any, *, system_fonts: bool) -> bytes:
    import typst

    compiler = typst.Compiler(
        LAYOUT, root=HERE, font_paths=_fonts(system_fonts), ignore_system_fonts=not system_fonts, sys_inputs=inputs
    )
    made: Any = compiler.compile(format="pdf", pdf_standards=standards, timestamp=stamp)
    return bytes(made)


@lru_cache(maxsize=2)
def _fonts(system_fonts: bool) -> "typst.Fonts":
    import typst

    return typst.Fonts(include_system_fonts=system_fonts, font_paths=[HERE / "fonts"])
