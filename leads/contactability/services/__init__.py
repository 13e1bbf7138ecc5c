"""Services of contactability for campaigns and voice."""

from leads.contactability.services.consent import record_consent
from leads.contactability.services.deciding import decide, decide_channels, open_from
from leads.contactability.services.holidays import add_holidays
from leads.contactability.services.importing import (
    ImportPreview,
    ImportResult,
    ReadRow,
    import_rows,
    lines_of_file,
    preview_import,
    read_rows,
    rows_of_file,
)
from leads.contactability.services.suppressing import (
    NewSuppression,
    company_of,
    forget_address,
    lift,
    stop_companies,
    stop_company,
    suppress,
    suppress_many,
)
from leads.contactability.services.writers import ConsentWriter, SuppressionWriter

__all__ = [
    "ConsentWriter",
    "ImportPreview",
    "ImportResult",
    "NewSuppression",
    "ReadRow",
    "SuppressionWriter",
    "add_holidays",
    "company_of",
    "decide",
    "decide_channels",
    "forget_address",
    "import_rows",
    "lift",
    "lines_of_file",
    "open_from",
    "preview_import",
    "read_rows",
    "record_consent",
    "rows_of_file",
    "stop_companies",
    "stop_company",
    "suppress",
    "suppress_many",
]
