"""Stages and statuses: their creation, order and removal."""

from collections.abc import Callable
from typing import Any

import pytest

from lad.outbox.drain import drain
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context, tenant_context
from leads.contacts.models import Lead
from leads.contacts.services.leads import move_many
from leads.pipeline import services
from leads.pipeline.models import LeadStage, LeadStatus
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.leads.helpers import LEADS, STAGES, STATUSES
from tests.support.api import field_problems, problem
from tests.support.concurrency import run_together
from tests.support.database import stored, violates
from tests.support.events import payloads

Make = Callable[..., Lead]

USUAL = ["new", "contacted", "qualified", "proposal", "negotiation", "won", "lost"]


def keys(tenant: Tenant) -> list[str]:
    with platform_context(tenant_id=tenant.pk):
        return list(LeadStage.objects.order_by("display_order").values_list("key", flat=True))


def stage(tenant: Tenant, key: str) -> LeadStage:
    with platform_context(tenant_id=tenant.pk):
        found: LeadStage = LeadStage.objects.get(key=key)
        return found


def status(tenant: Tenant, key: str) -> LeadStatus:
    with platform_context(tenant_id=tenant.pk):
        found: LeadStatus = LeadStatus.objects.get(key=key)
        return found


def test_a_new_tenant_gets_the_default_pipeline_from_its_event(tenant: Tenant) -> None:
    with platform_context():
        emit("tenants.tenant.created", aggregate=tenant)
    drain()
    assert keys(tenant) == USUAL
    assert status(tenant, "active")


def test_the_first_lead_creates_the_pipeline_if_the_event_is_late(api: Any, tenant: Tenant, member: User) -> None:
    assert keys(tenant) == []
    assert api(member).post(LEADS, {"first_name": "Ada"}, format="json").status_code == 201
    assert keys(tenant) == USUAL


def test_an_existing_pipeline_is_not_changed(tenant: Tenant, stages: None) -> None:
    with platform_context(tenant_id=tenant.pk):
        LeadStage.objects.exclude(key="won").delete()
        services.ensure(tenant.pk)
    assert keys(tenant) == ["won"]


def test_without_the_default_stage_leads_start_at_the_first_one(
    api: Any, tenant: Tenant, member: User, stages: None
) -> None:
    with platform_context(tenant_id=tenant.pk):
        LeadStage.objects.filter(key__in=["new", "contacted"]).delete()
    made = api(member).post(LEADS, {"first_name": "Ada"}, format="json")
    assert made.json()["stage"] == "qualified"


def test_inserting_a_stage_moves_the_later_ones(api: Any, tenant: Tenant, admin: User, stages: None) -> None:
    body = {"key": "demo", "label": "Demo", "color": "#112233", "display_order": 3}
    assert api(admin).post(STAGES, body, format="json").status_code == 201
    assert keys(tenant) == ["new", "contacted", "demo", "qualified", "proposal", "negotiation", "won", "lost"]


def test_a_stage_without_an_order_comes_last(api: Any, tenant: Tenant, admin: User, stages: None) -> None:
    assert api(admin).post(STAGES, {"key": "parked", "label": "Parked"}, format="json").status_code == 201
    assert keys(tenant)[-1] == "parked"


def test_a_stage_can_move_to_a_taken_place(api: Any, tenant: Tenant, admin: User, stages: None) -> None:
    row = stage(tenant, "won")
    assert api(admin).patch(f"{STAGES}{row.pk}/", {"display_order": 1}, format="json").status_code == 200
    assert keys(tenant)[:2] == ["won", "new"]


def test_all_stages_are_reordered_at_once(api: Any, tenant: Tenant, admin: User, stages: None) -> None:
    wanted = [*reversed(USUAL)]
    body = {"stages": [str(stage(tenant, key).pk) for key in wanted]}
    assert api(admin).post(f"{STAGES}reorder/", body, format="json").status_code == 204
    assert keys(tenant) == wanted
    assert payloads("leads.stage.reordered") == [{"keys": wanted}]


def test_an_order_without_all_stages_is_rejected(api: Any, tenant: Tenant, admin: User, stages: None) -> None:
    body = {"stages": [str(stage(tenant, "won").pk)]}
    assert problem(api(admin).post(f"{STAGES}reorder/", body, format="json")) == (400, "invalid")


def test_a_member_cannot_change_the_pipeline(api: Any, tenant: Tenant, member: User, stages: None) -> None:
    row = stage(tenant, "won")
    assert problem(api(member).post(f"{STAGES}{row.pk}/retire/", {}, format="json")) == (403, "missing_right")


@pytest.mark.parametrize("action", ["delete", "retire"])
def test_a_stage_with_leads_is_not_removed_without_a_destination(
    api: Any, tenant: Tenant, admin: User, lead: Lead, action: str
) -> None:
    address = f"{STAGES}{stage(tenant, 'new').pk}/"
    client = api(admin)
    response = client.delete(address) if action == "delete" else client.post(f"{address}retire/", {}, format="json")
    assert problem(response) == (409, "stage_in_use")
    assert "New" in response.json()["detail"]
    assert stored(lead).stage == "new"


def test_retiring_a_stage_moves_its_leads_even_deleted_ones(
    api: Any, tenant: Tenant, admin: User, make_lead: Make
) -> None:
    live, gone = make_lead(), make_lead()
    assert api(admin).delete(f"{LEADS}{gone.pk}/").status_code == 204
    row, body = stage(tenant, "new"), {"move_leads_to": str(stage(tenant, "contacted").pk)}
    response = api(admin).post(f"{STAGES}{row.pk}/retire/", body, format="json")
    assert response.json() == {"moved": 2}
    assert {stored(live).stage, stored(gone).stage} == {"contacted"}
    assert "new" not in keys(tenant)
    assert payloads("leads.stage.retired", row.pk) == [{"key": "new", "moved_to": "contacted", "moved": 2}]


def test_a_stage_cannot_be_its_own_destination(api: Any, tenant: Tenant, admin: User, lead: Lead) -> None:
    row = stage(tenant, "new")
    response = api(admin).post(f"{STAGES}{row.pk}/retire/", {"move_leads_to": str(row.pk)}, format="json")
    assert problem(response) == (400, "invalid")
    assert stored(lead).stage == "new"


def test_a_used_status_is_only_removed_with_a_replacement(api: Any, tenant: Tenant, admin: User, lead: Lead) -> None:
    address = f"{STATUSES}{status(tenant, 'active').pk}/"
    assert problem(api(admin).delete(address)) == (409, "status_in_use")
    body = {"move_leads_to": str(status(tenant, "on_hold").pk)}
    assert api(admin).post(f"{address}retire/", body, format="json").status_code == 200
    assert stored(lead).status == "on_hold"


def test_a_key_cannot_change(api: Any, tenant: Tenant, admin: User, stages: None) -> None:
    row = stage(tenant, "won")
    response = api(admin).patch(f"{STAGES}{row.pk}/", {"key": "closed"}, format="json")
    assert "Change the label" in response.json()["errors"]["key"][0]
    assert api(admin).patch(f"{STAGES}{row.pk}/", {"label": "Closed"}, format="json").status_code == 200


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"key": "Not A Key"}, "lead_stages_key_valid"),
        ({"key": "new"}, "lead_stages_key"),
        ({"color": "blue"}, "lead_stages_color_valid"),
        ({"display_order": 1}, "lead_stages_order"),
    ],
)
def test_the_database_rejects_an_invalid_stage(
    tenant: Tenant, stages: None, values: dict[str, Any], constraint: str
) -> None:
    with platform_context(tenant_id=tenant.pk), violates(constraint):
        LeadStage.objects.filter(key="won").update(**values)


@pytest.mark.django_db(transaction=True)
def test_two_first_leads_at_once_create_one_pipeline(tenant: Tenant) -> None:
    def begin() -> None:
        with tenant_context(tenant.pk):
            services.ensure(tenant.pk)

    assert run_together(begin, begin) == [None, None]
    assert keys(tenant) == USUAL


@pytest.mark.django_db(transaction=True)
def test_a_lead_moving_into_a_retiring_stage_always_ends_in_an_existing_one(tenant: Tenant, make_lead: Make) -> None:
    leads = [make_lead() for _ in range(4)]
    doomed = stage(tenant, "proposal")

    def move(lead: Lead) -> Callable[[], Any]:
        def run() -> Any:
            with tenant_context(tenant.pk):
                return move_many(ids=[lead.pk], stage="proposal")

        return run

    def go() -> None:
        with tenant_context(tenant.pk):
            services.retire(row=doomed, move_leads_to=stage_here("won"))

    def stage_here(key: str) -> LeadStage:
        found: LeadStage = LeadStage.objects.get(key=key)
        return found

    run_together(*(move(lead) for lead in leads), go)
    assert "proposal" not in keys(tenant)
    assert {stored(lead).stage for lead in leads} <= {"new", "won"}


@pytest.mark.django_db(transaction=True)
def test_six_stages_created_at_once_get_six_places(api: Any, tenant: Tenant, admin: User, stages: None) -> None:
    clients = [api(admin) for _ in range(6)]

    def create(number: int) -> Callable[[], Any]:
        # Every other one wants the same place.
        place = {"display_order": 3} if number % 2 else {}
        body = {"key": f"extra-{number}", "label": f"Extra {number}", **place}
        return lambda: clients[number].post(STAGES, body, format="json")

    answers = run_together(*(create(number) for number in range(6)))
    assert [getattr(each, "status_code", each) for each in answers] == [201] * 6
    assert len(keys(tenant)) == len(USUAL) + 6
    rows = [stage(tenant, key) for key in ("won", "lost", "new")]

    def move(row: LeadStage, place: int) -> Callable[[], Any]:
        return lambda: api(admin).patch(f"{STAGES}{row.pk}/", {"display_order": place}, format="json")

    moved = run_together(*(move(row, place) for place, row in enumerate(rows, start=4)))
    assert [getattr(each, "status_code", each) for each in moved] == [200] * 3


def test_a_stage_at_the_last_possible_place_does_not_block_others(
    api: Any, tenant: Tenant, admin: User, stages: None
) -> None:
    last = 2_147_483_647

    def create(key: str, **more: int) -> Any:
        return api(admin).post(STAGES, {"key": key, "label": key, **more}, format="json")

    assert create("end", display_order=last).json()["display_order"] == last
    assert create("after").status_code == 201
    assert keys(tenant) == [*USUAL, "end", "after"]
    assert create("end-2", display_order=last).status_code == 201
    # It takes the place, so the one there moves on.
    assert create("end-3", display_order=last).status_code == 201
    assert keys(tenant) == [*USUAL, "end", "after", "end-3", "end-2"]
    assert create("first", display_order=1).status_code == 201
    assert keys(tenant)[:2] == ["first", "new"]


@pytest.mark.parametrize("place", [0, -1])
def test_places_are_counted_from_1(api: Any, tenant: Tenant, admin: User, stages: None, place: int) -> None:
    row = stage(tenant, "won")
    client = api(admin)
    refused = client.post(STAGES, {"key": "x", "label": "X", "display_order": place}, format="json")
    assert list(field_problems(refused)) == ["display_order"]
    changed = client.patch(f"{STAGES}{row.pk}/", {"display_order": place}, format="json")
    assert list(field_problems(changed)) == ["display_order"]
    assert keys(tenant) == USUAL
