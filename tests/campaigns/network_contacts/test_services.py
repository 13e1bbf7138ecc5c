"""What is kept of people on networks, whatever order it is reported in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.accounts.models import LinkedinAccount
from campaigns.network_contacts import services
from campaigns.network_contacts.models import NetworkContact, Relation
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.campaigns import LinkedinAccountFactory
from tests.factories.leads import LeadFactory

NOW = timezone.now()


@pytest.fixture
def known(tenant: Tenant) -> tuple[LinkedinAccount, Lead]:
    with platform_context(tenant_id=tenant.pk):
        return LinkedinAccountFactory.create(), LeadFactory.create()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[NetworkContact]:
    heard: list[NetworkContact] = []
    monkeypatch.setattr(services, "_connected", [heard.extend])
    return heard


def test_who_is_connected_stays_so_whatever_is_reported_late(
    tenant: Tenant, known: tuple[LinkedinAccount, Lead], told: list[NetworkContact]
) -> None:
    account, lead = known
    with platform_context(tenant_id=tenant.pk):
        services.keep(account, lead.pk, provider_id="p", relation=Relation.INVITED, invited_at=NOW)
        services.record_connected(account, {"p": NOW})
        services.record_connected(account, {"p": NOW})
        late = services.keep(account, lead.pk, provider_id="p", relation=Relation.INVITED, invitation_id="i")
        assert (late.relation, late.invitation_id) == (Relation.CONNECTED, "i")
        assert services.keep(account, lead.pk, relation=Relation.BLOCKED).relation == Relation.BLOCKED
    assert len(told) == 1


def test_a_relation_that_is_found_out_counts_as_an_acceptance_once(
    tenant: Tenant, known: tuple[LinkedinAccount, Lead], told: list[NetworkContact]
) -> None:
    account, lead = known
    with platform_context(tenant_id=tenant.pk):
        for _time in range(2):
            contact = services.keep(account, lead.pk, provider_id="p", relation=Relation.CONNECTED)
        assert contact.connected_at is not None
        assert services.record_connected(account, {"p": NOW}) == []
    assert len(told) == 1


def test_the_last_time_counts_and_nothing_known_is_lost(tenant: Tenant, known: tuple[LinkedinAccount, Lead]) -> None:
    account, lead = known
    with platform_context(tenant_id=tenant.pk):
        services.keep(account, lead.pk, provider_id="p", chat_id="c", last_inbound_at=NOW)
        contact = services.keep(account, lead.pk, provider_id="", chat_id="", last_inbound_at=NOW - timedelta(hours=1))
        assert (contact.provider_id, contact.chat_id, contact.last_inbound_at) == ("p", "c", NOW)
        assert NetworkContact.objects.count() == 1


def test_another_person_behind_a_lead_has_none_of_the_first_ones_chats(
    tenant: Tenant, known: tuple[LinkedinAccount, Lead]
) -> None:
    account, lead = known
    with platform_context(tenant_id=tenant.pk):
        services.keep(account, lead.pk, provider_id="one", chat_id="c", relation=Relation.CONNECTED)
        contact = services.keep(account, lead.pk, provider_id="other")
        assert (contact.provider_id, contact.chat_id, contact.relation) == ("other", "", Relation.NONE)


def test_what_one_account_knows_is_no_other_accounts(tenant: Tenant, known: tuple[LinkedinAccount, Lead]) -> None:
    account, lead = known
    with platform_context(tenant_id=tenant.pk):
        other = LinkedinAccountFactory.create()
        services.keep(account, lead.pk, provider_id="p", relation=Relation.INVITED)
        assert services.contacts_of(other, [lead.pk]) == {}
        assert services.record_connected(other, {"p": NOW}) == []
