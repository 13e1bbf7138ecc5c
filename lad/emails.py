"""Validate e-mail addresses."""

import email_validator

from lad.errors import Invalid


def valid_email(email: str) -> str:
    """Return the address in the form that is stored. Raises Invalid."""
    try:
        # No DNS lookup: a form must not depend on a name server. test_environment allows the domain .test.
        checked = email_validator.validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError as error:
        raise Invalid(errors={"email": [str(error)]}) from error
    return checked.normalized.lower()
