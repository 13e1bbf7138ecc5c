"""The pages of the admin: signing in to them, finding them, and filling in their forms as a browser would."""

import json
from html.parser import HTMLParser
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tenants.accounts.models import User
from tests.contract.world import DEPENDED_ON, SET_ONCE, Team, World

PERSONAS = ("root", "narrowed", "owner")


def sign_everybody_in(world: World) -> None:
    """Sign all personas in once: signing in takes longer than most pages."""
    world.sessions = {
        "root": session_of(world.superuser),
        "narrowed": session_of(world.superuser, world.acme),
        **{role: session_of(person) for role, person in world.acme.people.items()},
    }


def persona(name: str, world: World) -> Client:
    """``root`` sees the platform, ``narrowed`` is root inside Acme; others are Acme's staff by their role."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[name]
    return client


def session_of(user: User, team: Team | None = None) -> str:
    """The cookie of a signed-in browser, with the tenant switcher set to the team's tenant."""
    client = Client()
    client.force_login(user)
    if team is not None:
        session = client.session
        session["tenant_id"] = str(team.tenant.pk)
        session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def rights_of(table: dict[str, dict[str, str]], slug: str, name: str) -> str:
    return table.get(slug, {}).get("root" if name == "narrowed" else name, "")


def registered_models() -> list[Any]:
    return list(admin.site._registry)


def page(model: Any, name: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=arguments)


def listed(response: Any) -> set[Any]:
    """Return the keys of the rows on a list page."""
    assert response.status_code == 200
    return {row.pk for row in response.context["cl"].result_list}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class _Fields(HTMLParser):
    """Return what a browser would send if the page's form were submitted unchanged."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.inside = False
        self.data: dict[str, Any] = {}
        self.select: str | None = None
        self.chooses_many = False
        self.textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("id") == self.form_id
        if not self.inside:
            return
        name = given.get("name") or ""
        if tag == "input" and name and given.get("type") not in ("submit", "button", "file", "image"):
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                value = given.get("value") or ("on" if given.get("type") == "checkbox" else "")
                # Several boxes of one name are one choice of several.
                many = given.get("type") == "checkbox" and name in self.data
                self.data[name] = [*_several(self.data[name]), value] if many else value
        elif tag == "select" and name:
            self.select, self.chooses_many = name, "multiple" in given
            if not self.chooses_many:
                self.data.setdefault(name, "")
        elif tag == "option" and self.select and "selected" in given:
            value = given.get("value") or ""
            self.data[self.select] = [*self.data.get(self.select, []), value] if self.chooses_many else value
        elif tag == "textarea" and name:
            self.textarea = name
            self.data[name] = ""

    def handle_data(self, data: str) -> None:
        if self.inside and self.textarea:
            self.data[self.textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = None
        elif tag == "textarea" and self.textarea:
            # Browsers drop the first line break, which Django's widget writes.
            self.data[self.textarea] = self.data[self.textarea].removeprefix("\r\n").removeprefix("\n")
            self.textarea = None


def untouched(response: Any, model: Any) -> dict[str, str]:
    """The form of a page as it was served, inlines and hidden fields included."""
    reader = _Fields(f"{model._meta.model_name}_form")
    reader.feed(response.content.decode())
    return {name: value for name, value in reader.data.items() if "__prefix__" not in name}


def form_of(response: Any) -> Any:
    return response.context["adminform"].form


def entries(form: Any, row: Any) -> dict[str, str]:
    """What the form would hold for this row, by the names of its inputs."""
    data: dict[str, str] = {}
    for bound in type(form)(instance=row):
        # A field of the form alone counts if the form shows something of the row in it.
        columns = {field.name for field in row._meta.fields}
        if bound.name in vars(row) or bound.name in columns or bound.name in bound.form.initial:
            data.update(_entry(bound))
    return data


def changed_entries(form: Any, row: Any, template: Any) -> dict[str, str]:
    """The template's entries, with every list and switch that may change set otherwise than the row's."""
    data, before = entries(form, template), entries(form, row)
    for name, field in form.fields.items():
        if name in SET_ONCE.get(type(row), set()) | DEPENDED_ON.get(type(row), set()):
            data[name] = before.get(name, "")
        elif isinstance(field, forms.BooleanField):
            data.pop(name, None)
            data.update({} if name in before else {name: "on"})
        elif isinstance(field, forms.TypedChoiceField) and data.get(name) == before.get(name):
            others = [str(value) for value, _label in bound_choices(field) if value not in ("", before.get(name))]
            data[name] = others[-1] if others else before.get(name, "")
    return data


def bound_choices(field: Any) -> list[tuple[Any, Any]]:
    return list(field.choices)


def _entry(bound: Any) -> dict[str, Any]:
    widget: Any = bound.field.widget
    widget = getattr(widget, "widget", widget)
    value = bound.value()
    if isinstance(widget, forms.MultiWidget):
        return {
            f"{bound.html_name}_{place}": str(part.format_value(piece) or "")
            for place, (part, piece) in enumerate(zip(widget.widgets, widget.decompress(value) or (), strict=True))
        }
    if isinstance(widget, forms.CheckboxInput):
        return {bound.html_name: "on"} if value else {}
    if isinstance(widget, forms.CheckboxSelectMultiple | forms.SelectMultiple):
        return {bound.html_name: list(value)} if value else {}
    if isinstance(widget, forms.Select):
        return {bound.html_name: "" if value is None else str(value)}
    text = str(widget.format_value(value) or "")
    if isinstance(bound.field, forms.JSONField) and text:
        # The database puts the keys of an object into an order of its own.
        text = json.dumps(json.loads(text), sort_keys=True)
    return {bound.html_name: text}


def faults(response: Any) -> Any:
    """Return the errors of a form that was not saved."""
    if not response.context or "adminform" not in response.context:
        return response.content[:300]
    errors = dict(form_of(response).errors)
    inlines = [formset.formset.errors for formset in response.context["inline_admin_formsets"]]
    return errors, inlines, [str(message) for message in response.context.get("messages", [])]
