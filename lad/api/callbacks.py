"""The base of views at which outside systems report. The address names the account; the proof is a signature."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

from django.http import HttpRequest

from lad.api.throttling import seconds_to_wait
from lad.api.views import LadAPIView
from lad.callback_addresses import CallbackAddressUnknown, CallbackRefused
from lad.errors import Throttled
from lad.limits import RequestTooLarge
from lad.tenancy.clients import client_address

# Guesses at addresses and proofs.
THROTTLE: Final = "link"


class OutsideCallbackView(LadAPIView):
    """Takes what a provider reports, as often as it does. A report of more than ``max_body`` bytes is refused.

    ``guessed`` names what somebody who guesses is counted under.
    """

    public = True
    needs_tenant = False
    replayable = False
    self_scoped_actions = frozenset({"post"})
    throttle_classes = []
    max_body: ClassVar[int] = 2_000_000
    guessed: ClassVar[str] = "callback"

    def body(self) -> bytes:
        """Return the body as it was sent. Raises RequestTooLarge."""
        plain: HttpRequest = self.request._request
        if int(plain.META.get("CONTENT_LENGTH") or 0) > self.max_body:
            raise RequestTooLarge
        return bytes(plain.body)

    @contextmanager
    def guesses_limited(self) -> Iterator[None]:
        """Let nobody try many addresses or proofs."""
        try:
            yield
        except (CallbackAddressUnknown, CallbackRefused):
            if wait := seconds_to_wait(THROTTLE, f"{self.guessed}:{client_address(self.request._request)}"):
                raise Throttled(retry_after=wait) from None
            raise
