"""An invoice as PDF, set by Typst from a fixed layout and data that is never part of its source."""

import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import structlog
import typst

from billing.invoicing.documents.content import content_of
from billing.invoicing.models import Invoice

HERE: Final = Path(__file__).parent
LAYOUT: Final = HERE / "invoice.typ"
# PDF/A-2a keeps for the archive, PDF/UA-1 is read aloud properly.
STANDARDS: Final[Any] = ["1.7", "a-2a", "ua-1"]

log = structlog.get_logger("lad.billing")


def invoice_pdf(invoice: Invoice) -> bytes:
    """The invoice as PDF: the same bytes for the same row, wherever it is made.

    Text in a script that none of our fonts has is set with the machine's fonts, or shown as
    boxes where it has none either; that PDF is then no archive format.
    """
    moment = invoice.finalised_at or invoice.created_at
    inputs = {"document": json.dumps(asdict(content_of(invoice)))}
    stamp = int(moment.timestamp())
    try:
        return _compile(inputs, stamp, STANDARDS, system_fonts=False)
    except typst.TypstError as error:
        log.info("invoice is no archive format", invoice=str(invoice.pk), reason=str(error))
        return _compile(inputs, stamp, [], system_fonts=True)


def _compile(inputs: dict[str, str], stamp: int, standards: Any, *, system_fonts: bool) -> bytes:
    compiler = typst.Compiler(
        LAYOUT, root=HERE, font_paths=_fonts(system_fonts), ignore_system_fonts=not system_fonts, sys_inputs=inputs
    )
    made: Any = compiler.compile(format="pdf", pdf_standards=standards, timestamp=stamp)
    return bytes(made)


@lru_cache(maxsize=2)
def _fonts(system_fonts: bool) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=system_fonts, font_paths=[HERE / "fonts"])
