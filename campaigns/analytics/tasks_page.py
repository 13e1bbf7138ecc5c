"""“My tasks”: what people have to do for leads before campaigns go on."""

from typing import Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from campaigns.enrolment.models import CampaignLeadActivity
from campaigns.enrolment.selectors import TASK, open_tasks
from campaigns.enrolment.services.tasks import settle_task
from lad.admin.navigation import SidebarPage, add_page
from lad.admin.permissions import can_view
from lad.admin.site import add_view
from lad.db.identifiers import uuid_or_none
from lad.errors import DomainError
from lad.tenancy.access import access_of

SHOWN: Final = 100
MAX_NOTE: Final = 5_000
EVERYBODY: Final = "all"
RIGHT: Final = "campaigns.update"


def my_tasks(request: HttpRequest) -> HttpResponse:
    """Show the tasks that wait for the caller, or for everybody. A sent form settles one of them."""
    if not may_see(request):
        raise PermissionDenied
    if request.method == "POST":
        return _settle(request)
    everybody = request.GET.get("whose") == EVERYBODY
    user = access_of(request).user
    found = list(open_tasks(assignee_id=None if everybody else user.pk)[: SHOWN + 1])
    context = {
        **admin.site.each_context(request),
        "title": "Tasks" if everybody else "My tasks",
        "tasks": found[:SHOWN],
        "more": len(found) > SHOWN,
        "everybody": everybody,
        "may_settle": access_of(request).allows(RIGHT),
        "now": timezone.now(),
    }
    return TemplateResponse(request, "campaigns/admin/tasks.html", context)


def _settle(request: HttpRequest) -> HttpResponse:
    if not access_of(request).allows(RIGHT):
        raise PermissionDenied
    task = get_object_or_404(CampaignLeadActivity, pk=uuid_or_none(request.POST.get("task", "")), step_type=TASK)
    done = "done" in request.POST
    try:
        with transaction.atomic():
            note = request.POST.get("result", "")[:MAX_NOTE]
            settle_task(activity=task, done=done, actor=access_of(request).user, note=note)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, f"“{task.subject}” was {'done' if done else 'skipped'}. The campaign goes on.")
    query = f"?whose={EVERYBODY}" if request.POST.get("whose") == EVERYBODY else ""
    return HttpResponseRedirect(reverse("admin:my_tasks") + query)


def may_see(request: HttpRequest) -> bool:
    """Return whether the caller may see tasks."""
    return can_view(request, CampaignLeadActivity)


add_view("tasks/", my_tasks, "my_tasks")
add_page(SidebarPage("My tasks", "admin:my_tasks", "Campaigns", "task_alt", 5, may_see))
