"""A walk through the admin as people of a tenant some of whose features are closed.

Nothing may be shown or offered that the API refuses, and every link must lead somewhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.test import Client
from django.urls import resolve

from lad.api.router import Resource
from lad.tenancy.context import platform_context
from tenants.access.roles import Role
from tenants.accounts.models import User
from tests.contract.api import address, client, resources
from tests.contract.catalogue import slug
from tests.contract.pages import listed, page, registered_models, session_of
from tests.contract.world import World, row_seen_by
from tests.factories.tenants import FeatureFlagFactory, MembershipFactory, TenantRoleFactory, UserFactory

FINANCE = ("billing.view", "billing.update", "usage.view", "exports.create", "tenant.view", "team.view", "jobs.view")
# Who walks through the admin, and the features that are closed meanwhile.
WALKS = {
    "admin": ("campaigns", "education-students", "voice-agent"),
    "viewer": ("ai-icp-assistant", "deals-pipeline"),
    "finance": ("apollo-leads", "deals-pipeline"),
}
RESOURCES = {each.model: each for each in resources()}
LINK = re.compile(r'href="(/admin/[^"#]*)')
# Ends the walk.
NOT_FOLLOWED = {"admin:logout"}
REFUSED = 403
# How the API refuses somebody, whatever they send.
REFUSALS = {"missing_right", "feature_closed"}


@dataclass
class Walk:
    """One person's way through the admin. ``found`` are links by the page they lead to, with the page they are on."""

    browser: Client
    api: Any
    person: User
    world: World
    found: dict[str, tuple[str, str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    rows: dict[Any, Any] = field(default_factory=dict)
    answers: dict[tuple[Any, str], bool] = field(default_factory=dict)

    def get(self, url: str, origin: str = "") -> Any:
        """Return a page that must open, and note where it leads."""
        response = self.browser.get(url)
        self.seen.add(resolve(url.partition("?")[0]).view_name)
        self.require(response.status_code in (200, 302), f"{url} on {origin or url} answers {response.status_code}")
        if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
            for link in LINK.findall(response.content.decode()):
                target = unescape(link)
                self.found.setdefault(resolve(target.partition("?")[0]).view_name, (target, url))
        return response

    def require(self, holds: bool, fault: str) -> None:
        if not holds:
            self.faults.append(fault)

    def row(self, model: Any) -> Any:
        """Return a row of the tenant that the person may see, unless rights or features keep them from it."""
        if model not in self.rows:
            self.rows[model] = row_seen_by(model, self.world.acme, self.person)
        return self.rows[model]

    def may(self, model: Any, verb: str) -> bool:
        """Return whether the API lets the person do it. What the API does not offer at all counts as allowed."""
        if (model, verb) not in self.answers:
            self.answers[model, verb] = self._ask(RESOURCES.get(model), model, verb)
        return self.answers[model, verb]

    def _ask(self, resource: Resource | None, model: Any, verb: str) -> bool:
        if resource is None or {"view": "list"}.get(verb, verb) not in resource.methods:
            return True
        calls = {
            "view": lambda: self.api.get(resource.url),
            "create": lambda: self.api.post(resource.url, {}, format="json"),
            "update": lambda: self.api.patch(address(resource, self.row(model)), {}, format="json"),
        }
        response = calls[verb]()
        return response.status_code != REFUSED or response.json()["code"] not in REFUSALS


@pytest.mark.parametrize("who", list(WALKS))
def test_the_admin_shows_and_offers_nothing_that_the_api_refuses(who: str, world: World) -> None:
    walk = _begin(who, world)
    front = walk.get("/admin/")
    menu = {unescape(link) for link in LINK.findall(front.content.decode())}
    opened: list[Any] = []
    closed: list[Any] = []
    for model in sorted(registered_models(), key=slug):
        (opened if admin.site._registry[model].has_view_permission(front.wsgi_request) else closed).append(model)
    for model in opened:
        walk.require(walk.may(model, "view"), f"{slug(model)} is listed")
        _look_at_the_list(walk, model)
        _look_at_the_forms(walk, model)
    for model in closed:
        walk.require(page(model, "changelist") not in menu, f"{slug(model)} is in the menu")
        for url in (page(model, "changelist"), page(model, "add")):
            walk.require(walk.browser.post(url, {}).status_code == REFUSED, f"{url} is open")
    shut = {each.model for each in RESOURCES.values() if each.feature in WALKS[who]}
    assert shut
    assert shut <= set(closed)
    unseen = [name for name in walk.found if name not in NOT_FOLLOWED | walk.seen]
    for name in unseen:
        walk.get(*walk.found[name])
    assert unseen
    assert len(opened) > 5
    assert walk.faults == []


def _begin(who: str, world: World) -> Walk:
    team = world.acme
    with platform_context(tenant_id=team.tenant.pk):
        for feature in WALKS[who]:
            FeatureFlagFactory(feature_key=feature, is_enabled=False)
        person = team.people.get(who)
        if person is None:
            person = UserFactory.create(email="finance@acme.test", primary_tenant=team.tenant, is_staff=True)
            role = TenantRoleFactory(key="finance", name="Finance", rights=sorted(FINANCE))
            MembershipFactory(user=person, role=Role.MEMBER, tenant_role=role)
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = session_of(person)
    return Walk(browser, client(person, team), person, world)


def _look_at_the_list(walk: Walk, model: Any) -> None:
    row, shown = walk.row(model), walk.get(page(model, "changelist"))
    walk.require(row.pk in listed(shown), f"{slug(model)} does not list its row")
    form = shown.context["action_form"]
    offered = {name for name, _title in form.fields["action"].choices if name} if form else set()
    changes = offered - {"export", "delete_selected"}
    walk.require(not changes or walk.may(model, "update"), f"{slug(model)} offers {changes}")
    for spec in shown.context["cl"].filter_specs:
        target = getattr(getattr(spec, "field", None), "related_model", None)
        walk.require(target is None or walk.may(target, "view"), f"{slug(model)} is filtered by {target}")


def _look_at_the_forms(walk: Walk, model: Any) -> None:
    adding = walk.browser.get(page(model, "add"))
    walk.seen.add(resolve(page(model, "add")).view_name)
    if adding.status_code == 200:
        walk.require(walk.may(model, "create"), f"{slug(model)} can be added")
        _look_at_the_pickers(walk, model, adding)
    walk.require(adding.status_code in (200, REFUSED), f"{slug(model)} add answers {adding.status_code}")
    changing = walk.get(page(model, "change", walk.row(model).pk))
    if changing.context["has_change_permission"]:
        walk.require(walk.may(model, "update"), f"{slug(model)} can be changed")
    _look_at_the_pickers(walk, model, changing)
    for inline in changing.context["inline_admin_formsets"]:
        inner, place = inline.opts.model, f"{slug(inline.opts.model)} on {slug(model)}"
        walk.require(walk.may(inner, "view"), f"{place} is shown")
        walk.require(not inline.has_add_permission or walk.may(inner, "create"), f"{place} can be added")
        changes = inline.has_change_permission or inline.has_delete_permission
        walk.require(not changes or walk.may(inner, "update"), f"{place} can be changed")


def _look_at_the_pickers(walk: Walk, model: Any, shown: Any) -> None:
    for key in _pickers(shown.context["adminform"].form):
        walk.require(walk.may(key.related_model, "view"), f"{slug(model)} picks {slug(key.related_model)}")


def _pickers(form: Any) -> Iterator[Any]:
    for each in form.fields.values():
        widget = getattr(each.widget, "widget", each.widget)
        if isinstance(widget, AutocompleteSelect):
            yield widget.field
