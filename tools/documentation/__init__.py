"""The schema's pages in ``docs/``, written from the models and from what is registered for them."""

from tools.documentation.pages import pages

__all__ = ["pages"]
