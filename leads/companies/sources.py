"""The directories that data about companies and people come from."""

from dataclasses import dataclass
from typing import Final

from lad.registry import Registry


@dataclass(frozen=True, slots=True)
class DataSource:
    """One directory."""

    key: str
    label: str


data_sources: Final = Registry[DataSource]("data source")

APOLLO: Final = data_sources.register(DataSource("apollo_io", "Apollo")).key
UNIPILE: Final = data_sources.register(DataSource("unipile", "Unipile")).key
LINKEDIN: Final = data_sources.register(DataSource("linkedin_search", "LinkedIn search")).key

# Those that LAD has a client for.
directories: Final = Registry[DataSource]("directory")
directories.register(data_sources.get(APOLLO))
