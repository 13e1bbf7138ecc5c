"""What is true of people wherever they come from: a valid address, one live account each, events in their tenant."""

import email_validator

from lad.errors import Invalid


def valid_email(email: str) -> str:
    """The address in the form it is stored. Raises Invalid."""
    try:
        # No look-up of its domain: a form must not depend on somebody's name server. The second switch
        # lets .test through, which is there to be tried with.
        checked = email_validator.validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError as error:
        raise Invalid(errors={"email": [str(error)]}) from error
    return checked.normalized.lower()
