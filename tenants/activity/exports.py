"""Let people take many rows out of LAD: with the right to, after they have proved to be there, and on record."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect

from lad.admin.step_up import step_up
from lad.tenancy.access import access_of
from tenants.activity.services import record_export

RIGHT = "exports.create"


def may_export(request: HttpRequest) -> bool:
    """Return whether the caller may download many rows at once."""
    return access_of(request).allows(RIGHT)


def begin_export(request: HttpRequest, *, kind: str, row_count: int | None = None) -> HttpResponseRedirect | None:
    """Record an export of the caller and return None, or return the way to the page that asks for their password.

    Raises PermissionDenied without the right.
    """
    if not may_export(request):
        raise PermissionDenied
    if again := step_up(request):
        return again
    record_export(access_of(request), kind, row_count)
    return None
