"""The old name of a validator, for migrations written before it was renamed."""

from lad.db.json_schema import JsonSchemaValidator as Shape

__all__ = ["Shape"]
