"""The feature that gates the directories of companies and people."""

from typing import Final

FEATURE: Final = "apollo-leads"
