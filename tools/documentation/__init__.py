"""Generate the pages on the schema in ``docs/`` from the models and the API and admin registries."""

from tools.documentation.pages import pages

__all__ = ["pages"]
