"""The old tables made read-only, and the command that moves what is in them."""

from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from billing.ledger.models import WalletStatus
from billing.ledger.services import wallets
from billing.legacy import services as legacy
from billing.legacy.models import LegacyMove, UserCredit
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.billing.legacy.credits import NOW, credits_of, run, wallet_of
from tests.factories.billing import CreditTransactionFactory, UserCreditFactory
from tests.factories.tenants import MemberFactory, TenantFactory
from tests.support.waiting import Other, until_somebody_waits


def write_old(row: UserCredit) -> list[Callable[[], Any]]:
    """Every way to write to the old tables."""
    return [
        lambda: UserCredit.objects.filter(pk=row.pk).update(balance=1),
        lambda: UserCredit.objects.filter(pk=row.pk).delete(),
        UserCreditFactory.create,
        lambda: CreditTransactionFactory.create(user=row.user, user_credit=row),
    ]


def test_frozen_tables_refuse_every_write_of_the_tenant_and_of_nobody_else(
    tenant: Tenant, owner: User, other_owner: User
) -> None:
    row, other = credits_of(owner, "10"), credits_of(other_owner, "10")
    legacy.freeze(tenant_id=tenant.pk, now=NOW)
    for write in write_old(row):
        with pytest.raises(IntegrityError, match="read-only"), platform_context(tenant_id=tenant.pk):
            write()
    with pytest.raises(IntegrityError, match="read-only"), tenant_context(tenant.pk):
        UserCredit.objects.update(balance=1)
    assert run(tenant)[owner.email].difference == 0
    with tenant_context(other.tenant_id):
        assert UserCredit.objects.update(balance=5) == 1


def test_tables_that_are_opened_again_take_writes(tenant: Tenant, owner: User) -> None:
    row = credits_of(owner, "10")
    legacy.freeze(tenant_id=tenant.pk, now=NOW)
    legacy.unfreeze(tenant_id=tenant.pk)
    with tenant_context(tenant.pk):
        assert UserCredit.objects.filter(pk=row.pk).update(balance=1) == 1


@pytest.mark.django_db(transaction=True)
def test_freezing_waits_for_a_write_under_way_so_that_nothing_slips_in_behind() -> None:
    with platform_context():
        tenant = TenantFactory.create()
    with platform_context(tenant_id=tenant.pk):
        user = MemberFactory.create(primary_tenant=tenant)
    row = credits_of(user, "10")
    done: list[str] = []

    def freeze() -> None:
        legacy.freeze(tenant_id=tenant.pk, now=NOW)
        done.append("frozen")

    with tenant_context(tenant.pk):
        UserCredit.objects.filter(pk=row.pk).update(balance=4)
        freezer = Other(freeze)
        until_somebody_waits()
        done.append("written")
    assert freezer.ended()
    assert done == ["written", "frozen"]
    assert run(tenant)[user.email].worth == Decimal("0.4")


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("move_legacy_credits", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_moves_every_tenant_and_prints_what_it_found(
    tenant: Tenant, owner: User, other_owner: User
) -> None:
    credits_of(owner, "10")
    credits_of(other_owner, "25")
    text = printed()
    assert "Acme Outreach (acme-outreach)" in text
    assert "Borealis Sales (borealis-sales)" in text
    line = next(line for line in text.splitlines() if line.startswith(other_owner.email))
    assert line.split()[1:5] == ["25.00", "2.50", "2.50", "0.00"]


def test_the_command_fails_while_a_difference_is_left(tenant: Tenant, owner: User) -> None:
    with tenant_context(tenant.pk):
        wallets.move(wallet=wallets.open_wallet(user=owner), status=WalletStatus.CLOSED, reason="left")
    credits_of(owner, "10")
    with pytest.raises(CommandError, match="1 user"):
        printed("--tenant", tenant.slug)


def test_the_command_freezes_first_and_opens_again(tenant: Tenant, owner: User) -> None:
    row = credits_of(owner, "10")
    assert "read-only" in printed("--tenant", tenant.slug, "--freeze")
    with tenant_context(tenant.pk):
        assert LegacyMove.objects.get().frozen_at is not None
    assert wallet_of(owner).current_balance == 1
    printed("--tenant", tenant.slug, "--unfreeze")
    with tenant_context(tenant.pk):
        assert UserCredit.objects.filter(pk=row.pk).update(balance=1) == 1


@pytest.mark.parametrize("arguments", [("--dry-run", "--freeze"), ("--tenant", "nobody"), ("--freeze", "--unfreeze")])
def test_the_command_refuses_what_makes_no_sense(tenant: Tenant, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        printed(*arguments)
