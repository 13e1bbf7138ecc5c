"""Read an ideal customer from what people write, without a model and without a network."""

from aiicp.extraction.extractor import Extraction, Value, apply, extract
from aiicp.extraction.slots import Range, Slots, completeness, missing

__all__ = ["Extraction", "Range", "Slots", "Value", "apply", "completeness", "extract", "missing"]
