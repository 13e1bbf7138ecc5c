"""From an event to what lies in the mailbox."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_settings
from django.core import serializers
from django.utils import timezone

from lad.mail import sender
from lad.mail.models import MailDelivery, MailKind, MailState
from lad.outbox.drain import drain
from lad.outbox.emission import emit
from lad.outbox.models import DomainEvent, EventDelivery
from lad.outbox.replay import replay
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts import tokens
from tenants.accounts.models import User
from tenants.teams.models import Tenant, TenantInvitation
from tenants.teams.tokens import hash_secret, invitation_token
from tests.lad.mail.conftest import Mailbox, part, state_of


def _invite(invitation: TenantInvitation, actor: User) -> None:
    with tenant_context(invitation.tenant_id):
        payload = {"email": invitation.email, "role": invitation.role}
        emit("tenants.invitation.created", aggregate=invitation, payload=payload, actor=actor)


def _resend(invitation: TenantInvitation) -> None:
    with platform_context():
        invitation.token_version += 1
        invitation.invitation_token = hash_secret(invitation_token(invitation))
        invitation.save()
    with tenant_context(invitation.tenant_id):
        payload = {"email": invitation.email, "role": invitation.role, "number": invitation.token_version}
        emit("tenants.invitation.resent", aggregate=invitation, payload=payload)


def _mails() -> list[MailDelivery]:
    with platform_context():
        return list(MailDelivery.objects.order_by("created_at", "pk"))


def _token(text: str, path: str) -> str:
    link = next(word for word in text.split() if word.startswith(django_settings.APP_URL))
    assert urlsplit(link).path == path
    return parse_qs(urlsplit(link).query)["token"][0]


def test_an_invitation_reaches_the_mailbox_with_a_link_that_works(
    mailbox: Mailbox, invitation: TenantInvitation, owner: User
) -> None:
    _invite(invitation, owner)
    drain()
    assert sender.send_due() == {MailState.SENT: 1}
    [message] = mailbox.received
    assert message["To"] == "grace@example.com"
    assert message["Subject"] == f"{owner.full_name} invites you to Acme Outreach on LAD"
    plain = part(message, "text/plain")
    assert _token(plain, "/invitations/accept") == invitation_token(invitation)
    assert "Join us & <win>" in plain
    assert "Join us &amp; &lt;win&gt;" in part(message, "text/html")


def test_the_secret_of_a_link_is_in_no_row(mailbox: Mailbox, invitation: TenantInvitation, owner: User) -> None:
    _invite(invitation, owner)
    drain()
    sender.send_due()
    secret = _token(part(mailbox.received[0], "text/plain"), "/invitations/accept")
    with platform_context():
        rows = [*MailDelivery.objects.all(), *DomainEvent.objects.all(), *EventDelivery.objects.all()]
        assert secret not in json.dumps(serializers.serialize("json", [*rows, *TenantInvitation.objects.all()]))


def test_a_replayed_event_does_not_mail_again(mailbox: Mailbox, invitation: TenantInvitation, owner: User) -> None:
    _invite(invitation, owner)
    drain()
    sender.send_due()
    with platform_context():
        events = list(DomainEvent.objects.values_list("pk", flat=True))
    replay(events)
    drain()
    assert sender.send_due() == {}
    assert len(mailbox.received) == 1


def test_sending_again_before_the_first_mail_left_makes_one_mail_with_the_newest_link(
    mailbox: Mailbox, invitation: TenantInvitation, owner: User
) -> None:
    _invite(invitation, owner)
    drain()
    _resend(invitation)
    drain()
    sender.send_due()
    [message] = mailbox.received
    assert _token(part(message, "text/plain"), "/invitations/accept") == invitation_token(invitation)
    assert [mail.state for mail in _mails()] == [MailState.CANCELLED, MailState.SENT]


def test_an_invitation_sent_again_is_mailed_again(mailbox: Mailbox, invitation: TenantInvitation, owner: User) -> None:
    _invite(invitation, owner)
    drain()
    sender.send_due()
    _resend(invitation)
    drain()
    sender.send_due()
    links = [_token(part(message, "text/plain"), "/invitations/accept") for message in mailbox.received]
    assert len(set(links)) == 2


@pytest.mark.parametrize("end", ["accepted", "revoked", "expired"])
def test_an_invitation_that_is_over_is_not_mailed(
    mailbox: Mailbox, queued: MailDelivery, invitation: TenantInvitation, end: str
) -> None:
    past = timezone.now() - timedelta(minutes=1)
    column = {"accepted": "accepted_at", "revoked": "revoked_at", "expired": "expires_at"}[end]
    with platform_context():
        TenantInvitation.objects.filter(pk=invitation.pk).update(**{column: past})
    assert sender.send_due() == {MailState.CANCELLED: 1}
    assert state_of(queued) == (MailState.CANCELLED, f"The invitation is {end}.")
    assert mailbox.received == []


def test_signing_up_mails_a_link_that_confirms_the_address(mailbox: Mailbox, tenant: Tenant, member: User) -> None:
    with platform_context():
        User.objects.filter(pk=member.pk).update(email_verified=False)
    with platform_context(tenant_id=tenant.pk):
        emit("tenants.user.signed_up", aggregate=member)
    drain()
    sender.send_due()
    token = _token(part(mailbox.received[0], "text/plain"), "/verify-email")
    assert tokens.read_email_verification_token(token) == (member.pk, member.email)


def test_whoever_is_confirmed_already_gets_no_such_mail(mailbox: Mailbox, tenant: Tenant, member: User) -> None:
    with platform_context(tenant_id=tenant.pk):
        emit("tenants.user.signed_up", aggregate=member)
    drain()
    assert sender.send_due() == {MailState.CANCELLED: 1}


def test_asking_for_a_new_password_mails_a_link_that_sets_it(mailbox: Mailbox, tenant: Tenant, member: User) -> None:
    with platform_context(tenant_id=tenant.pk):
        emit("tenants.user.password_reset_requested", aggregate=member)
    drain()
    sender.send_due()
    token = _token(part(mailbox.received[0], "text/plain"), "/reset-password")
    assert tokens.password_reset_user_id(token) == member.pk
    assert tokens.is_password_reset_token(member, token)


def test_a_mail_never_goes_to_an_address_the_account_has_left(mailbox: Mailbox, tenant: Tenant, member: User) -> None:
    with platform_context(tenant_id=tenant.pk):
        emit("tenants.user.password_reset_requested", aggregate=member)
    drain()
    with platform_context():
        User.objects.filter(pk=member.pk).update(email="elsewhere@acme.test")
    assert sender.send_due() == {MailState.CANCELLED: 1}
    assert mailbox.received == []


def test_a_name_cannot_add_a_header_to_the_mail(
    mailbox: Mailbox, queued: MailDelivery, invitation: TenantInvitation
) -> None:
    with platform_context():
        Tenant.objects.filter(pk=invitation.tenant_id).update(name="Acme\r\nBcc: all@example.com")
    assert sender.send_due() == {MailState.SENT: 1}
    assert mailbox.received[0]["Bcc"] is None


def test_mails_people_wait_for_go_before_invitations(
    mailbox: Mailbox, queued: MailDelivery, tenant: Tenant, member: User
) -> None:
    with platform_context(tenant_id=tenant.pk):
        emit("tenants.user.password_reset_requested", aggregate=member)
    drain()
    sender.send_due()
    assert [mail.kind for mail in sorted(_mails(), key=lambda mail: mail.sent_at or timezone.now())] == [
        MailKind.PASSWORD_RESET,
        MailKind.INVITATION,
    ]
    assert [message["To"] for message in mailbox.received] == [member.email, "grace@example.com"]
