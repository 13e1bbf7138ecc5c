"""What staff can do to a row beyond editing it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from lad.mail.models import MailDelivery, MailState
from lad.outbox.drain import drain
from lad.outbox.models import DeliveryState, DomainEvent, EventDelivery
from lad.tenancy.context import platform_context
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.teams.models import Membership, Tenant, TenantInvitation, TenantStatus
from tests.factories.tenants import AttemptBudgetFactory, DomainEventFactory
from tests.support.api import text
from tests.support.database import one

pytestmark = pytest.mark.django_db


def invite(browser: Any, email: str = "guest@acme.test") -> Any:
    browser.post("/admin/tenants/tenantinvitation/add/", {"email": email, "role": "viewer", "message": "Hello"})
    return one(TenantInvitation, email=email)


def dead_letter(tenant: Tenant, error: str = "KeyError: 'x'") -> Any:
    with platform_context(tenant_id=tenant.pk):
        event = DomainEventFactory.create(tenant=tenant)
        return EventDelivery.objects.create(
            tenant=tenant,
            event=event,
            consumer="activity-feed",
            aggregate_id=event.aggregate_id,
            state=DeliveryState.DEAD,
            attempts=9,
            last_error=error,
        )


def test_suspending_asks_why_and_is_undone_by_reactivating(root, tenant):
    page = f"/admin/tenants/tenant/{tenant.pk}"
    assert root.get(f"{page}/suspend/").status_code == 200
    assert one(Tenant, pk=tenant.pk).status == TenantStatus.ACTIVE
    assert "This field is required" in text(root.post(f"{page}/suspend/", {"reason": ""}))
    assert root.post(f"{page}/suspend/", {"reason": "Unpaid"}).status_code == 302
    assert one(Tenant, pk=tenant.pk).status == TenantStatus.SUSPENDED
    assert one(DomainEvent, event_type="tenants.tenant.suspended").payload["reason"] == "Unpaid"
    root.post(f"{page}/reactivate/", {"reason": "Paid"})
    assert one(Tenant, pk=tenant.pk).status == TenantStatus.ACTIVE
    root.post(f"{page}/cancel/", {"reason": "They left"})
    assert one(Tenant, pk=tenant.pk).status == TenantStatus.CANCELLED


def test_an_action_is_offered_only_where_it_makes_sense(root, tenant):
    page = f"/admin/tenants/tenant/{tenant.pk}"
    assert "Activate" not in text(root.get(f"{page}/change/"))
    assert "does not apply" in text(root.post(f"{page}/reactivate/", {"reason": "x"}, follow=True))


def test_an_owner_cannot_suspend_their_own_tenant(admin_of, owner, tenant):
    browser = admin_of(owner)
    page = f"/admin/tenants/tenant/{tenant.pk}"
    assert "Suspend" not in text(browser.get(f"{page}/change/"))
    assert browser.post(f"{page}/suspend/", {"reason": "x"}).status_code == 403


def test_the_owner_transfers_ownership(admin_of, owner, admin):
    heir = one(Membership, user=admin)
    page = f"/admin/tenants/membership/{heir.pk}/transfer_ownership/"
    assert admin_of(admin).post(page).status_code == 403
    assert admin_of(owner).post(page).status_code == 302
    assert one(Membership, user=admin).role == Role.OWNER
    assert one(Membership, user=owner).role == Role.ADMIN


def test_an_invitation_is_resent_and_revoked(admin_of, owner):
    browser = admin_of(owner)
    row = invite(browser)
    base = f"/admin/tenants/tenantinvitation/{row.pk}"
    assert browser.post(f"{base}/resend/").status_code == 302
    assert one(TenantInvitation, pk=row.pk).token_version == 2
    assert browser.post(f"{base}/revoke/").status_code == 302
    assert one(TenantInvitation, pk=row.pk).revoked_at is not None
    assert "Resend" not in text(browser.get(f"{base}/change/"))


def test_several_invitations_are_resent_from_the_list_or_none(admin_of, owner):
    browser = admin_of(owner)
    first, second = invite(browser, "a@acme.test"), invite(browser, "b@acme.test")
    chosen = {"_selected_action": [str(first.pk), str(second.pk)], "action": "resend_all", "index": "0"}
    assert "2 of 2 tenant invitations were sent again" in text(
        browser.post("/admin/tenants/tenantinvitation/", chosen, follow=True)
    )
    browser.post(f"/admin/tenants/tenantinvitation/{second.pk}/revoke/")
    refused = browser.post("/admin/tenants/tenantinvitation/", chosen, follow=True)
    assert "Nothing was changed" in text(refused)
    assert one(TenantInvitation, pk=first.pk).token_version == 2


def test_invitations_are_filtered_by_status(admin_of, owner):
    browser = admin_of(owner)
    row = invite(browser)
    with platform_context():
        TenantInvitation.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(days=1))
    listed = {
        status: row in browser.get(f"/admin/tenants/tenantinvitation/?status={status}").context["cl"].result_list
        for status in ("pending", "expired", "accepted", "revoked")
    }
    assert listed == {"pending": False, "expired": True, "accepted": False, "revoked": False}


def test_an_account_is_deactivated_gets_a_reset_link_and_is_unlocked(root, member):
    page = f"/admin/tenants/user/{member.pk}"
    with platform_context():
        AttemptBudgetFactory.create(subject=member.email)
    assert "can try again" in text(root.post(f"{page}/unlock/", follow=True))
    assert root.post(f"{page}/send_password_reset/").status_code == 302
    assert one(DomainEvent, event_type="tenants.user.password_reset_requested").aggregate_id == member.pk
    root.post(f"{page}/deactivate/")
    assert one(User, pk=member.pk).is_active is False


def test_a_dead_letter_says_why_and_is_retried_or_discarded(root, tenant):
    delivery = dead_letter(tenant)
    page = f"/admin/outbox/eventdelivery/{delivery.pk}"
    assert "Gave up after 9 attempts" in text(root.get(f"{page}/change/"))
    assert root.post(f"{page}/retry/").status_code == 302
    assert one(EventDelivery, pk=delivery.pk).state == DeliveryState.READY
    other = dead_letter(tenant)
    root.post(f"/admin/outbox/eventdelivery/{other.pk}/discard/")
    with platform_context():
        assert not EventDelivery.objects.filter(pk=other.pk).exists()


def test_the_outbox_page_groups_dead_letters_and_acts_on_a_group(root, tenant, other_tenant):
    dead_letter(tenant, "KeyError: 'a'")
    dead_letter(other_tenant, "KeyError: 'b'")
    page = root.get("/admin/outbox/")
    (group,) = page.context["groups"]
    assert "2 × activity-feed" in text(page)
    root.post("/admin/outbox/", {"consumer": group.consumer, "error": group.error, "retry": ""})
    with platform_context():
        states = set(EventDelivery.objects.values_list("state", flat=True))
    assert states == {DeliveryState.READY}


def test_the_outbox_page_is_for_platform_staff_only(admin_of, owner):
    assert admin_of(owner).get("/admin/outbox/").status_code == 403


def test_an_event_is_replayed_and_its_page_shows_its_deliveries(root, tenant):
    with platform_context(tenant_id=tenant.pk):
        event = DomainEventFactory.create(tenant=tenant, processed=True)
    page = f"/admin/outbox/domainevent/{event.pk}"
    assert "None: every consumer has finished" in text(root.get(f"{page}/change/"))
    root.post(f"{page}/replay/", {"consumer": "activity-feed"})
    assert one(EventDelivery, event_id=event.pk).consumer == "activity-feed"
    assert "activity-feed" in text(root.get(f"{page}/change/"))


def test_mail_of_unknown_outcome_is_resent_or_cancelled_by_hand(root, tenant):
    with platform_context():
        mail = MailDelivery.objects.create(
            tenant=tenant,
            kind="invitation",
            to_address="guest@acme.test",
            subject_id=tenant.pk,
            idempotency_key="k1",
            state=MailState.UNKNOWN,
        )
    cards = {card.title: (card.value, card.tone) for card in root.get("/admin/").context["cards"]}
    assert cards["Mail in doubt"] == ("1", "warning")
    assert root.post(f"/admin/mail/maildelivery/{mail.pk}/resend/").status_code == 302
    assert one(MailDelivery, pk=mail.pk).state == MailState.QUEUED
    assert root.post(f"/admin/mail/maildelivery/{mail.pk}/cancel/").status_code == 302
    assert one(MailDelivery, pk=mail.pk).state == MailState.CANCELLED


def test_the_dashboard_shows_what_needs_attention(root, tenant):
    def tones() -> dict[str, str]:
        return {card.title: card.tone for card in root.get("/admin/").context["cards"]}

    assert "danger" not in tones().values()
    dead_letter(tenant)
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(
            status=TenantStatus.TRIAL, trial_ends_at=timezone.now() + timedelta(days=1)
        )
    found = tones()
    assert (found["Dead letters"], found["Trials ending"]) == ("danger", "info")
    linked = [card for card in root.get("/admin/").context["cards"] if card.url]
    assert linked
    for card in linked:
        assert root.get(card.url).status_code == 200, card.title


def test_the_dashboard_of_a_tenants_staff_shows_their_tenant_only(admin_of, owner, other_owner):
    browser = admin_of(other_owner)
    invite(browser, "guest@borealis.test")
    drain()
    own = text(admin_of(owner).get("/admin/"))
    assert "guest@borealis.test" not in own
    assert "Dead letters" not in own
    assert "guest@borealis.test" in text(admin_of(other_owner).get("/admin/"))
