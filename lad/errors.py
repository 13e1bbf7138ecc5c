"""Errors that a caller can act on. The API answers with a problem document, the admin shows a message."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class DomainError(Exception):
    """A rule of the domain was broken. The message says what happened and what to do next.

    ``code`` is stable and machine-readable, ``status`` is the HTTP status. ``extra`` adds members to the
    problem document and must not hold secrets.
    """

    code: ClassVar[str] = "conflict"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The request conflicts with the current state"
    # The prefix of the form whose entries were refused, on pages with several forms.
    entered_in: str = ""

    def __init__(self, detail: str = "", **extra: object) -> None:
        self.detail = detail or self.default_detail()
        self.extra: dict[str, Any] = extra
        super().__init__(self.detail)

    @classmethod
    def default_detail(cls) -> str:
        """Return the first line of the class docstring: what went wrong, in a sentence."""
        return (cls.__doc__ or cls.title).strip().splitlines()[0]


class Conflict(DomainError):
    """The change conflicts with existing data."""


class InUse(Conflict):
    """Other rows still refer to it; remove or move them first."""

    code = "in_use"


class Refused(Conflict):
    """The change would break a rule of the table.

    ``fields`` in ``extra`` names the fields of a violated unique key.
    """

    code = "refused"


class NotAllowed(DomainError):
    """You do not have the right to do this."""

    code = "not_allowed"
    status = 403
    title = "Not allowed"


class NotFound(DomainError):
    """This does not exist, or you cannot see it."""

    code = "not_found"
    status = 404
    title = "Not found"


class NotAuthenticated(DomainError):
    """Sign in first."""

    code = "not_authenticated"
    status = 401
    title = "Not signed in"


class PreconditionFailed(DomainError):
    """This was changed since you loaded it. Load it again and repeat your change."""

    code = "precondition_failed"
    status = 412
    title = "Changed in the meantime"


class Throttled(DomainError):
    """Too many attempts. Wait before the next one."""

    code = "throttled"
    status = 429
    title = "Too many attempts"

    def __init__(self, detail: str = "", *, retry_after: int, **extra: object) -> None:
        super().__init__(detail, retry_after=retry_after, **extra)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """LAD is temporarily unavailable. Try again in a moment."""

    code = "unavailable"
    status = 503
    title = "Temporarily unavailable"


class Invalid(DomainError):
    """Some fields are not valid."""

    code = "invalid"
    status = 400
    title = "Invalid input"

    def __init__(self, detail: str = "", *, errors: Mapping[str, Sequence[str]] | None = None, **extra: object) -> None:
        super().__init__(detail, **extra)
        self.errors = {field: list(messages) for field, messages in (errors or {}).items()}
