"""What lead files call models for."""

from typing import Final

from lad.llm.purposes import Purpose, purposes

COLUMNS: Final = purposes.register(Purpose("aiicp.lead_files", "Lead files: columns")).key
