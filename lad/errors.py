"""Errors that a person caused and can act on: a problem document in the API, a message in the admin."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class DomainError(Exception):
    """A rule of the domain was broken; the message says what happened and what to do next.

    ``code`` is stable and machine readable; ``status`` is the HTTP status; ``extra`` becomes
    further members of the problem document and must hold no secret.
    """

    code: ClassVar[str] = "conflict"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The request conflicts with the current state"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        self.detail = detail or self.default_detail()
        self.extra = extra
        super().__init__(self.detail)

    @classmethod
    def default_detail(cls) -> str:
        """The first line of the class docstring: what went wrong, in a sentence."""
        return (cls.__doc__ or cls.title).strip().splitlines()[0]


class Conflict(DomainError):
    """The change conflicts with what is there."""


class NotAllowed(DomainError):
    """You do not have the right to do this."""

    code = "not_allowed"
    status = 403
    title = "Not allowed"


class NotFound(DomainError):
    """There is no such thing here."""

    code = "not_found"
    status = 404
    title = "Not found"


class NotAuthenticated(DomainError):
    """Sign in first."""

    code = "not_authenticated"
    status = 401
    title = "Not signed in"


class PreconditionFailed(DomainError):
    """Somebody changed this since you read it; read it again and repeat your change."""

    code = "precondition_failed"
    status = 412
    title = "Changed in the meantime"


class Throttled(DomainError):
    """Too many attempts; wait before the next one."""

    code = "throttled"
    status = 429
    title = "Too many attempts"

    def __init__(self, detail: str = "", *, retry_after: int, **extra: Any) -> None:
        super().__init__(detail, retry_after=retry_after, **extra)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """LAD cannot answer right now; repeat the request in a moment."""

    code = "unavailable"
    status = 503
    title = "Temporarily unavailable"


class Invalid(DomainError):
    """Some fields do not hold what they should."""

    code = "invalid"
    status = 400
    title = "Invalid input"

    def __init__(self, detail: str = "", *, errors: Mapping[str, Sequence[str]] | None = None, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.errors = {field: list(messages) for field, messages in (errors or {}).items()}
