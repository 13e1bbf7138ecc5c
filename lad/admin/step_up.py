"""Ask people to prove again that they are there before they do what a stolen session must not."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from lad.tenancy.access import access_of, recently_confirmed


def step_up(request: HttpRequest, *, back: str = "") -> HttpResponseRedirect | None:
    """Return None if the caller has entered their password or code within STEP_UP_LIFETIME.

    Otherwise return the way to the page that asks for it, which then leads to ``back`` or to this page.
    """
    if recently_confirmed(access_of(request), timezone.now()):
        return None
    return HttpResponseRedirect(f"{reverse('admin:confirm')}?{urlencode({'next': back or request.get_full_path()})}")
