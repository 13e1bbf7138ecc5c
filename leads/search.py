"""Columns that store text for searches by prefix."""

from django.db import models
from django.db.models.expressions import Expression

# Prefixes are searched with >= and <, which is exact in byte order only.
BYTE_ORDER = "C"


def search_key(expression: Expression, length: int) -> models.GeneratedField:
    """Return a generated column with lower-case text to search. Its index must start with the tenant."""
    return models.GeneratedField(
        expression=expression,
        output_field=models.CharField(max_length=length, db_collation=BYTE_ORDER),
        db_persist=True,
    )
