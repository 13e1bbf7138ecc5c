"""Validate and normalise e-mail addresses."""

import email_validator
from django.core.exceptions import ValidationError

from lad.errors import Invalid


def normalise(email: str, *, any_script: bool = False) -> str:
    """Return the address in the form that is stored. Raises ValidationError, which says what is wrong with it.

    ``any_script`` accepts letters of any script before the @-sign, which LAD's own mail cannot be sent to.
    """
    text = email.strip()
    try:
        # No DNS lookup: a form must not depend on a name server. test_environment allows the domain .test.
        checked = email_validator.validate_email(
            text, check_deliverability=False, test_environment=True, allow_smtputf8=any_script
        )
    except email_validator.EmailNotValidError as error:
        raise ValidationError(f"“{text[:320]}” is not an e-mail address: {error}", code="email") from error
    return checked.normalized.lower()


def valid_email(email: str) -> str:
    """Return the address in the form that is stored. Raises Invalid."""
    try:
        return normalise(email)
    except ValidationError as error:
        raise Invalid(errors={"email": error.messages}) from error
