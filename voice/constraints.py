"""Validators and constraints that several tables of the app share."""

from typing import Final

from django.core.validators import RegexValidator, URLValidator
from django.db import models

from lad.phones import NO_NUMBER

LANGUAGE: Final = RegexValidator(
    r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "Write the language as a code such as en, de or en-GB."
)
WEB_ADDRESS: Final = URLValidator(schemes=["http", "https"], message="Enter a URL that begins with https://.")
MAX_URL: Final = 4_000
MAX_LEADING_ZEROS: Final = 3
MAX_NATIONAL_NUMBER: Final = 10**15


class SecondsBetween(models.Func):
    """Return the elapsed seconds from the second time to the first, rounded up."""

    template = "CEIL(EXTRACT(EPOCH FROM (%(expressions)s)))"
    arg_joiner = " - "
    output_field = models.IntegerField()


def is_web_address(table: str, name: str) -> models.CheckConstraint:
    """Require that the column is empty or holds an http or https URL."""
    return models.CheckConstraint(
        condition=models.Q(**{name: ""}) | models.Q(**{f"{name}__regex": r"^https?://"}),
        name=f"{table}_{name}_web",
        violation_error_message="Enter a URL that begins with https://.",
    )


def is_phone(table: str, prefix: str = "", *, unknown_where: models.Q | None = None) -> models.CheckConstraint:
    """Require that the three columns hold a number that can be dialled, or no number in rows of ``unknown_where``."""
    known = models.Q(
        **{
            f"{prefix}country_code__regex": r"^\+[1-9][0-9]{0,2}$",
            f"{prefix}base_number__gt": 0,
            f"{prefix}base_number__lt": MAX_NATIONAL_NUMBER,
            f"{prefix}leading_zeros__lte": MAX_LEADING_ZEROS,
        }
    )
    if unknown_where is not None:
        known |= unknown_where & models.Q(**NO_NUMBER.columns(prefix))
    return models.CheckConstraint(
        condition=known,
        name=f"{table}_phone",
        violation_error_message="Enter the country code with its plus, and the national number without it.",
    )


def not_negative(table: str, name: str) -> models.CheckConstraint:
    """Require that the cost in the column is zero or more."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{name}__gte": 0}),
        name=f"{table}_{name}_positive",
        violation_error_message="The cost cannot be negative.",
    )
