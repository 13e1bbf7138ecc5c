"""What goes wrong between LAD and Apollo. No message quotes Apollo, which may repeat what it got."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from lad.errors import DomainError, Invalid


class DirectoryError(DomainError):
    """The directory gave no answer."""

    code = "directory_error"
    status = 502
    title = "The directory did not answer"


class KeyRefused(DirectoryError):
    """The directory refused the API key. Enter a valid one in the directory account."""

    code = "directory_key_refused"


class PlanRefused(DirectoryError):
    """The plan or the scope of the API key does not include this call. Searching people needs a master key."""

    code = "directory_plan_refused"


class CreditsUsedUp(PlanRefused):
    """The directory account has no credits left. Nothing was charged."""

    code = "directory_credits_used_up"


class DirectoryDown(DirectoryError):
    """The directory cannot be reached or failed. Nothing was charged. Try again in a moment.

    ``passing`` says whether another attempt at once may succeed.
    """

    code = "directory_down"

    def __init__(self, detail: str = "", *, passing: bool = True) -> None:
        super().__init__(detail)
        self.passing = passing


class AnswerLost(DirectoryError):
    """The directory got the request, but its answer was lost. It may have charged for it.

    Apollo has no idempotency key, and asking again for the same person may be charged again. So nobody asks again
    by themselves. What resolves it, in this order:

    - Phones arrive on the webhook of the request all the same. Its address names the request.
    - The team's credits before and after (``Apollo.credits``) tell whether something was charged, where nothing else
      was asked in between. Apollo updates them within seconds.
    - Otherwise it stays unknown until a person decides to ask again.
    """

    code = "directory_answer_lost"


class LimitReached(DirectoryError):
    """The directory's limit of calls is reached. Nothing was asked, or nothing was charged.

    ``until`` is the earliest moment that another call may succeed.
    """

    code = "directory_limit_reached"
    status = 429
    title = "Limit of the directory reached"

    def __init__(self, until: datetime, *, window: str = "") -> None:
        limit = f"The directory's limit of calls a {window}" if window else "The directory's limit of calls"
        super().__init__(f"{limit} is reached until {until:%H:%M:%S on %d %B %Y} UTC.", retry_at=until.isoformat())
        self.until = until
        self.window = window


class BadQuery(Invalid):
    """The directory did not accept the filters. Nothing was charged.

    ``errors`` has messages by the name of the query's field, or under ``filters``.
    """

    code = "directory_bad_query"
    status = 400

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__("The directory did not accept the filters.", errors=errors)
