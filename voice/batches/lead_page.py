"""Call the leads that are selected in the list of leads."""

from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from lad.admin.bulk import Question, any_number, confirmation_page, submitted_form
from lad.jobs import services as jobs
from lad.tenancy.access import access_of
from leads.contactability.models import Purpose
from leads.contacts.extensions import add_bulk_action
from leads.contacts.models import Lead
from voice.batches.forms import BatchForm, batch_values, calling_form
from voice.batches.jobs import create_with
from voice.batches.services.previews import preview_leads
from voice.features import VOICE_AGENT

ONE_TENANT_ONLY = "Choose a tenant first: a batch belongs to one."


@any_number
def call_leads(model_admin: ModelAdmin, request: HttpRequest, queryset: QuerySet[Lead]) -> HttpResponse | None:
    """Show how many of the selected leads can be called and why not the others, and make a batch of them."""
    access = access_of(request)
    if access.tenant_id is None:
        messages.warning(request, ONE_TENANT_ONLY)
        return None
    form = submitted_form(request, calling_form(BatchForm, access.tenant_id, access.user))
    if not form.is_valid():
        count = jobs.own_rows(queryset).count()
        preview = preview_leads(queryset, purpose=Purpose.OUTREACH, at=timezone.now())
        note = " ".join(preview.sentences())
        question = Question("Call", jobs.counted(Lead, count), count, note)
        return confirmation_page(model_admin, request, queryset, form, question)  # type: ignore[arg-type]
    started = create_with(values=batch_values(form.cleaned_data), people=queryset, access=access)
    messages.success(request, f"{started.job.total:,} leads are being added. Calling begins when all are in the batch.")
    return HttpResponseRedirect(reverse("admin:voice_callbatch_change", args=(started.batch.pk,)))


add_bulk_action("Call", call_leads, rank=10, rights=("leads.view", "calls.create", "calls.update"), feature=VOICE_AGENT)
