"""Columns that searches find by their beginning."""

from django.db import models
from django.db.models.expressions import Expression

# Prefixes are searched with >= and <, which only byte order makes exact.
BYTE_ORDER = "C"


def search_key(expression: Expression, length: int) -> models.GeneratedField:
    """A stored column with what people search for, in lower case; index it after the tenant."""
    return models.GeneratedField(
        expression=expression,
        output_field=models.CharField(max_length=length, db_collation=BYTE_ORDER),
        db_persist=True,
    )
