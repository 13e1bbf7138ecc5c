"""From an event to the mail in the mailbox."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_settings
from django.core import serializers
from django.test import Client
from django.utils import timezone

from lad.mail import sender
from lad.mail.kinds import Content, MailKind
from lad.mail.models import MailDelivery, MailState
from lad.mail.services import queue
from lad.outbox.drain import drain
from lad.outbox.emission import emit
from lad.outbox.models import DomainEvent, EventDelivery
from lad.outbox.replay import replay
from lad.registry import UnknownKey
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts import tokens
from tenants.accounts.models import User
from tenants.teams.models import Tenant, TenantInvitation
from tenants.teams.tokens import hash_secret, invitation_token
from tests.lad.mail.conftest import state_of
from tests.support.mailbox import Mailbox, part


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
    assert message["Subject"] == "You are invited to a team on LAD"
    plain = part(message, "text/plain")
    assert f"{owner.full_name} invites you to join Acme Outreach on LAD" in plain
    assert _token(plain, "/invitations/accept") == invitation_token(invitation)
    assert "Join us & <win>" in plain
    assert "Join us &amp; &lt;win&gt;" in part(message, "text/html")


def test_no_row_holds_the_secret_of_a_link(mailbox: Mailbox, invitation: TenantInvitation, owner: User) -> None:
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


def test_an_invitation_resent_before_its_first_mail_is_mailed_once_with_the_newest_link(
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


def test_a_resent_invitation_is_mailed_again(mailbox: Mailbox, invitation: TenantInvitation, owner: User) -> None:
    _invite(invitation, owner)
    drain()
    sender.send_due()
    _resend(invitation)
    drain()
    sender.send_due()
    links = [_token(part(message, "text/plain"), "/invitations/accept") for message in mailbox.received]
    assert len(set(links)) == 2


@pytest.mark.parametrize("end", ["accepted", "revoked", "expired"])
def test_an_invitation_that_is_no_longer_pending_is_not_mailed(
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


def test_a_verified_user_gets_no_verification_mail(mailbox: Mailbox, tenant: Tenant, member: User) -> None:
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
    assert tokens.password_user_id(token) == member.pk
    assert tokens.may_set_password(member, token)


def test_no_mail_goes_to_a_former_address_of_the_account(mailbox: Mailbox, tenant: Tenant, member: User) -> None:
    with platform_context(tenant_id=tenant.pk):
        emit("tenants.user.password_reset_requested", aggregate=member)
    drain()
    with platform_context():
        User.objects.filter(pk=member.pk).update(email="elsewhere@acme.test")
    assert sender.send_due() == {MailState.CANCELLED: 1}
    assert mailbox.received == []


def test_a_tenant_name_cannot_add_a_header_to_a_mail(
    mailbox: Mailbox, queued: MailDelivery, invitation: TenantInvitation
) -> None:
    with platform_context():
        Tenant.objects.filter(pk=invitation.tenant_id).update(name="Acme\r\nBcc: all@example.com")
    assert sender.send_due() == {MailState.SENT: 1}
    assert mailbox.received[0]["Bcc"] is None


def test_names_and_messages_stored_before_they_were_validated_reach_no_mail(
    mailbox: Mailbox, queued: MailDelivery, invitation: TenantInvitation, owner: User
) -> None:
    with platform_context():
        Tenant.objects.filter(pk=invitation.tenant_id).update(name="Win at www.evil.example")
        User.objects.filter(pk=owner.pk).update(first_name="Go to evil.example", last_name="")
        TenantInvitation.objects.filter(pk=invitation.pk).update(message="http://evil.example/prize")
    assert sender.send_due() == {MailState.SENT: 1}
    plain, html = (part(mailbox.received[0], f"text/{kind}") for kind in ("plain", "html"))
    assert "evil.example" not in plain + html
    assert f"{owner.email} invites you to join a team on LAD" in plain


def test_what_somebody_entered_at_sign_up_is_not_mailed_to_the_address(
    mailbox: Mailbox, tenant: Tenant, member: User
) -> None:
    with platform_context():
        User.objects.filter(pk=member.pk).update(email_verified=False, first_name="You have won a prize")
    for event in ("tenants.user.signed_up", "tenants.user.password_reset_requested"):
        with platform_context(tenant_id=tenant.pk):
            emit(event, aggregate=member)
    drain()
    sender.send_due()
    assert len(mailbox.received) == 2
    for message in mailbox.received:
        assert "prize" not in part(message, "text/plain") + part(message, "text/html") + message["Subject"]


def test_a_mail_of_an_unregistered_kind_is_not_queued(tenant: Tenant, member: User) -> None:
    fax = MailKind("fax", "Fax", lambda delivery, now: Content("", "", {}))
    with platform_context(), pytest.raises(UnknownKey, match="The mail kind 'fax' is not registered"):
        queue(kind=fax, tenant_id=tenant.pk, to=member.email, subject_id=member.pk, key="fax.1")
    assert _mails() == []


def test_the_admin_filters_mails_by_kind_and_shows_the_label(
    queued: MailDelivery, superuser: User, client: Client
) -> None:
    client.force_login(superuser)
    page = client.get("/admin/mail/maildelivery/", {"kind__exact": "invitation"}).content.decode()
    assert queued.to_address in page
    assert "Automatic top-up declined" in page
    other = client.get("/admin/mail/maildelivery/", {"kind__exact": "invoice"}).content.decode()
    assert queued.to_address not in other


def test_bulk_mails_are_sent_after_mails_that_people_wait_for(
    mailbox: Mailbox, queued: MailDelivery, tenant: Tenant, member: User
) -> None:
    with platform_context(tenant_id=tenant.pk):
        emit("tenants.user.password_reset_requested", aggregate=member)
    drain()
    sender.send_due()
    assert [mail.kind for mail in sorted(_mails(), key=lambda mail: mail.sent_at or timezone.now())] == [
        "password-reset",
        "invitation",
    ]
    assert [message["To"] for message in mailbox.received] == [member.email, "grace@example.com"]
