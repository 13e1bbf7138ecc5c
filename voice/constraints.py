"""Rules that several tables of the domain share."""

from typing import Final

from django.core.validators import RegexValidator, URLValidator
from django.db import models

LANGUAGE: Final = RegexValidator(
    r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "Write the language as a code such as en, de or en-GB."
)
WEB_ADDRESS: Final = URLValidator(schemes=["http", "https"], message="Give an address that begins with https://.")
MAX_URL: Final = 4_000
MAX_ZEROS: Final = 3
LARGEST_NUMBER: Final = 10**15


class SecondsBetween(models.Func):
    """Whole seconds to the first moment from the second, a begun one counted."""

    template = "CEIL(EXTRACT(EPOCH FROM (%(expressions)s)))"
    arg_joiner = " - "
    output_field = models.IntegerField()


def is_web_address(table: str, name: str) -> models.CheckConstraint:
    """The column is empty or holds an address a browser may load."""
    return models.CheckConstraint(
        condition=models.Q(**{name: ""}) | models.Q(**{f"{name}__regex": r"^https?://"}),
        name=f"{table}_{name}_web",
        violation_error_message="Give an address that begins with https://.",
    )


def is_phone(table: str, prefix: str = "") -> models.CheckConstraint:
    """The three columns hold a number that could be dialled."""
    return models.CheckConstraint(
        condition=models.Q(
            **{
                f"{prefix}country_code__regex": r"^\+[1-9][0-9]{0,2}$",
                f"{prefix}base_number__gt": 0,
                f"{prefix}base_number__lt": LARGEST_NUMBER,
                f"{prefix}leading_zeros__lte": MAX_ZEROS,
            }
        ),
        name=f"{table}_phone",
        violation_error_message="Give the country code with its plus and the national number without it.",
    )


def not_negative(table: str, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=models.Q(**{f"{name}__gte": 0}),
        name=f"{table}_{name}_positive",
        violation_error_message="A cost is zero or more.",
    )
