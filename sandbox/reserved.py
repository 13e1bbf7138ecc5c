"""Domains that belong to nobody (RFC 2606 and RFC 6761)."""

from typing import Final

ENDINGS: Final = {"example", "test", "localhost", "invalid"}
DOMAINS: Final = {"example.com", "example.net", "example.org"}


def is_reserved(domain: str) -> bool:
    """Return whether the domain, or one that it lies in, is reserved."""
    labels = domain.lower().rstrip(".").split(".")
    return labels[-1] in ENDINGS or ".".join(labels[-2:]) in DOMAINS
