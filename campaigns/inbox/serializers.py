"""Requests and responses of the inbox."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from campaigns.accounts.models import WhatsappTemplate
from campaigns.inbox.models import Label
from campaigns.inbox.services.handling import MAX_AT_ONCE
from campaigns.inbox.services.ways import account_name, account_of
from campaigns.messages.models import MAX_BODY_LENGTH, Action, Message, MessageKind, MessageState
from campaigns.messages.services import MAX_ATTACHMENTS, MAX_SUBJECT_LENGTH
from campaigns.messages.wording import why_not_sent
from campaigns.templates.models import CommunicationTemplate
from lad.api.serializers import InputSerializer, KeyField
from lad.api.times import TimeField
from leads.channels import Channel
from leads.contactability.models import ContactDirection
from leads.contacts.models import Lead
from tenants.accounts.models import User


class ThreadQuerySerializer(InputSerializer):
    """Which page of a conversation."""

    cursor = serializers.CharField(required=False)
    page_size = serializers.CharField(required=False)


class AssigneeSerializer(InputSerializer):
    """The member who takes over, or null for nobody."""

    assigned_to = KeyField(model=User, members_only=True, allow_null=True)


class SnoozeSerializer(InputSerializer):
    """Until when to hide it."""

    until = TimeField()


class LabelSerializer(InputSerializer):
    """A label, or an empty text for none."""

    label = serializers.ChoiceField(choices=Label.choices, allow_blank=True)  # type: ignore[assignment]  # a field


class LinkSerializer(InputSerializer):
    """The lead whose address it is."""

    lead = KeyField(model=Lead)


class ConversationsSerializer(InputSerializer):
    """Some conversations."""

    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MAX_AT_ONCE)


class AssignConversationsSerializer(ConversationsSerializer, AssigneeSerializer):
    """Some conversations, and the member who takes them over."""


class LabelConversationsSerializer(ConversationsSerializer, LabelSerializer):
    """Some conversations, and their label."""


class ReplySerializer(InputSerializer):
    """An answer. Without ``way`` it goes where the other side wrote last. A template gives what is left out."""

    body = serializers.CharField(max_length=MAX_BODY_LENGTH, required=False, allow_blank=True)
    subject = serializers.CharField(max_length=MAX_SUBJECT_LENGTH, required=False, allow_blank=True)
    way = serializers.CharField(max_length=80, required=False, help_text="The `key` of one of the conversation's ways.")
    template = KeyField(model=CommunicationTemplate, required=False)
    whatsapp_template = KeyField(
        model=WhatsappTemplate, required=False, help_text="An approved one, needed once the window of 24 hours is over."
    )
    variables = serializers.ListField(
        child=serializers.CharField(max_length=1_000),
        required=False,
        max_length=50,
        help_text="Of the template.",
    )
    attachments = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=MAX_ATTACHMENTS)
    close = serializers.BooleanField(required=False, help_text="Close the conversation with it.")


class ChangedResponse(serializers.Serializer[Any]):
    """How many conversations changed."""

    changed = serializers.IntegerField()


class InboxCountsResponse(serializers.Serializer[Any]):
    """How many open conversations there are, each counted up to 100."""

    unread = serializers.IntegerField()
    mine = serializers.IntegerField()
    mine_unread = serializers.IntegerField()
    unassigned = serializers.IntegerField()


class WorkloadResponse(serializers.Serializer[Any]):
    """What one member has to do; without a user what nobody has taken."""

    user = serializers.UUIDField(source="user.pk", default=None, allow_null=True)
    name = serializers.SerializerMethodField()
    open = serializers.IntegerField()
    unread = serializers.IntegerField()
    snoozed = serializers.IntegerField()

    def get_name(self, row: Any) -> str:
        return (row.user.full_name or row.user.email) if row.user is not None else ""


class WorkloadsResponse(serializers.Serializer[Any]):
    """The open conversations by member."""

    results = WorkloadResponse(many=True)


class WayResponse(serializers.Serializer[Any]):
    """One channel and account to answer on, the best one first."""

    key = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    account = serializers.UUIDField(source="account.pk")
    account_name = serializers.CharField()
    answers = serializers.UUIDField(source="answers.pk", default=None, allow_null=True)
    purpose = serializers.CharField()
    window_until = serializers.DateTimeField(
        allow_null=True, help_text="WhatsApp takes free text until then; null where there is no such limit."
    )
    needs_template = serializers.BooleanField()
    problem = serializers.CharField(help_text="Why nothing can be sent this way now, or empty.")


class WaysResponse(serializers.Serializer[Any]):
    """The ways to answer a conversation."""

    results = WayResponse(many=True)


class ThreadMessageResponse(serializers.Serializer[Any]):
    """One message of a conversation."""

    id = serializers.UUIDField(source="pk")
    at = serializers.DateTimeField(source="said_at", help_text="When it was sent, received or written.")
    channel = serializers.ChoiceField(choices=Channel.choices)
    direction = serializers.ChoiceField(choices=ContactDirection.choices)
    action = serializers.ChoiceField(choices=Action.choices)
    kind = serializers.ChoiceField(choices=MessageKind.choices)
    state = serializers.ChoiceField(choices=MessageState.choices)
    account_name = serializers.SerializerMethodField()
    from_address = serializers.CharField()
    to_address = serializers.CharField()
    subject = serializers.CharField()
    body = serializers.CharField()
    campaign = serializers.UUIDField(source="campaign_id", allow_null=True)
    written_by = serializers.UUIDField(source="created_by_user_id", allow_null=True)
    attachments = serializers.ListField(child=serializers.UUIDField(), source="attachment_ids")
    opened_at = serializers.DateTimeField(allow_null=True)
    problem = serializers.SerializerMethodField(help_text="Why it was not sent, or empty.")

    @extend_schema_field(serializers.CharField())
    def get_account_name(self, row: Message) -> str:
        account = account_of(row)
        return account_name(account) if account is not None else ""

    @extend_schema_field(serializers.CharField())
    def get_problem(self, row: Message) -> str:
        failed = row.state in (MessageState.FAILED, MessageState.CANCELLED)
        return why_not_sent(row, "the lead") if failed else ""


class ThreadResponse(serializers.Serializer[Any]):
    """A page of a conversation, the newest messages first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ThreadMessageResponse(many=True)
