"""Ask people to prove again that they are there before they do what a stolen session must not."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from lad.tenancy.access import access_of


def step_up(request: HttpRequest, *, back: str = "") -> HttpResponseRedirect | None:
    """Return None if the caller has entered their password or code within STEP_UP_LIFETIME.

    Otherwise return the way to the page that asks for it, which then leads to ``back`` or to this page.
    """
    confirmed_at = access_of(request).details.get("confirmed_at")
    if confirmed_at is not None and timezone.now() - confirmed_at < settings.STEP_UP_LIFETIME:
        return None
    return HttpResponseRedirect(f"{reverse('admin:confirm')}?{urlencode({'next': back or request.get_full_path()})}")
