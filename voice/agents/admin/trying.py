"""The page on which an agent is tried in writing."""

import json
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from lad.admin.widgets import apply_widgets
from lad.errors import DomainError, Invalid
from lad.tenancy.middleware import outside_scope
from leads.contacts.models import Lead
from voice import formatting
from voice.agents.models import VoiceAgent, VoiceAgentVersion
from voice.agents.preview import MAX_LINES, MAX_TEXT, Answer, Line, Tried, answer

NO_LEAD: Final = "No lead has this e-mail address."


class TalkForm(forms.Form):
    """What the person says next. ``talk`` holds the conversation so far."""

    said = forms.CharField(
        required=False, label="The person says", max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 2})
    )
    lead = forms.EmailField(
        required=False, label="Filled for", help_text="A lead's e-mail address. Empty means a made-up person."
    )
    inbound = forms.BooleanField(required=False, label="The person calls us")
    talk = forms.CharField(required=False, widget=forms.HiddenInput, max_length=MAX_LINES * MAX_TEXT)


def talk_page(
    model_admin: Any, request: HttpRequest, agent: VoiceAgent, version: VoiceAgentVersion | None
) -> HttpResponse:
    """Show the conversation with an agent, and what it says next."""
    row = version or agent
    form = apply_widgets(TalkForm(request.POST or None))
    lines: list[Line] = []
    found: Answer | None = None
    if request.method != "POST":
        lines, found, _error = _next(request, agent, version, [], {})
    elif form.is_valid():
        said = form.cleaned_data["said"].strip()
        lines = [*_lines(form.cleaned_data["talk"]), *([Line("person", said)] if said else [])]
        lines, found, error = _next(request, agent, version, lines if said else [], form.cleaned_data)
        if error is not None:
            _show(form, error)
    form = form if form.is_bound and not form.is_valid() else _continued(form, lines)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Try it",
        "subtitle": str(agent),
        "object": row,
        "opts": model_admin.opts,
        "form": form,
        "talk": formatting.render_conversation([{"role": line.role, "text": line.text} for line in lines]),
        "found": found,
        "back": model_admin.change_url(row),
        "what": str(version) if version is not None else "What is published",
    }
    return TemplateResponse(request, "voice/try_agent.html", context)


def _next(
    request: HttpRequest,
    agent: VoiceAgent,
    version: VoiceAgentVersion | None,
    lines: list[Line],
    values: dict[str, Any],
) -> tuple[list[Line], Answer | None, DomainError | None]:
    """Return the conversation with what the agent says next, or why it says nothing."""
    address = str(values.get("lead") or "").lower()
    lead = Lead.objects.filter(email=address, tenant=agent.tenant_id).first() if address else None
    if address and lead is None:
        return lines, None, Invalid(errors={"lead": [NO_LEAD]})
    tried = Tried(
        agent.pk,
        version.pk if version is not None else None,
        lead.pk if lead is not None else None,
        bool(values.get("inbound")),
    )
    try:
        with outside_scope(request):
            found = answer(agent.tenant_id, tried, lines)
    except DomainError as error:
        return lines, None, error
    return [*lines, Line("agent", found.text)], found, None


def _continued(form: forms.Form, lines: list[Line]) -> forms.Form:
    kept = {name: form.cleaned_data.get(name) for name in ("lead", "inbound")} if form.is_bound else {}
    talk = json.dumps([[line.role, line.text] for line in lines])
    return apply_widgets(TalkForm(initial={**kept, "talk": talk}))


def _lines(text: str) -> list[Line]:
    """Return the conversation that the page carried; none if it makes no sense."""
    try:
        found = [Line(str(role), str(said)[:MAX_TEXT]) for role, said in json.loads(text or "[]")]
    except (ValueError, TypeError):
        return []
    return [line for line in found if line.role in ("agent", "person")][-MAX_LINES + 1 :]


def _show(form: forms.Form, error: DomainError) -> None:
    if isinstance(error, Invalid) and error.errors:
        for name, texts in error.errors.items():
            form.add_error(name if name in form.fields else None, list(texts))
    else:
        form.add_error(None, error.detail)
