"""Messages to and from leads, and what happened to each."""

from typing import Final

from django.db import models
from django.db.models import Q

from campaigns.figures.triggers import MESSAGE_TRIGGERS, events_noted
from lad.db.constraints import TableStorage
from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import TenantModel
from lad.jobs.leases import Leased
from leads.channels import Channel
from leads.contactability.models import ContactDirection, Purpose

MAX_BODY_LENGTH: Final = 200_000


class MessageState(models.TextChoices):
    """Where a message is. Only ``queued`` messages are sent; ``unknown`` ones are looked for before anything else."""

    DRAFT = "draft", "Draft"
    QUEUED = "queued", "Waiting to be sent"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    UNKNOWN = "unknown", "Unknown"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    RECEIVED = "received", "Received"


class MessageKind(models.TextChoices):
    """What a received message is. Only a reply stops a campaign."""

    OUTREACH = "outreach", "Outreach"
    REPLY = "reply", "Reply"
    OUT_OF_OFFICE = "out_of_office", "Out of office"
    AUTO_REPLY = "auto_reply", "Automatic reply"
    BOUNCE = "bounce", "Bounce"
    COMPLAINT = "complaint", "Complaint"
    UNSUBSCRIBE = "unsubscribe", "Unsubscribe request"
    OWN_COPY = "own_copy", "Own sent copy"
    NOISE = "noise", "Mailing list or notification"


class Action(models.TextChoices):
    """What is done towards a lead on a channel. Only messages, invitations and comments have words."""

    MESSAGE = "message", "Message"
    INVITATION = "invitation", "Invitation"
    VISIT = "visit", "Profile visit"
    FOLLOW = "follow", "Follow"
    LIKE = "like", "Like"
    COMMENT = "comment", "Comment"
    STORY_VIEW = "story_view", "Story view"
    WITHDRAWAL = "withdrawal", "Withdrawn invitation"
    PROFILE = "profile", "Profile read"
    POST = "post", "Post"


# What a person reads or writes. The others are shown on the timeline, not in conversations.
WORDED: Final = (Action.MESSAGE, Action.INVITATION, Action.COMMENT)
# The member of ``metadata`` with the time of the last attempt that was looked for and left no trace.
LOST_AT: Final = "lost_at"


class Message(Leased, TenantModel):
    """One message to a lead or from one, on any channel, or another ``action`` towards a lead.

    A message to a lead is also the leased row of its sending: ``attempts`` counts the claims and is the fencing
    token. ``message_id`` is known before the first attempt, so that a message whose sender died can be looked for.
    ``occurred_at`` is when it was sent or received. ``decision`` is the decision of contactability under which it
    was queued or sent.
    """

    event_name = "campaigns.message"

    lead = TenantForeignKey(
        "leads.Lead", on_delete=models.CASCADE, null=True, blank=True, related_name="messages", db_index=False
    )
    campaign = TenantForeignKey(
        "campaigns.Campaign", on_delete=models.SET_NULL, null=True, blank=True, related_name="messages", db_index=False
    )
    campaign_lead = TenantForeignKey(
        "campaigns.CampaignLead",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="messages",
        db_index=False,
        verbose_name="enrolment",
    )
    step = TenantForeignKey(
        "campaigns.CampaignStep", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    # The activity has no key that others can point to, as nothing else does.
    activity_id = models.UUIDField(null=True, blank=True, editable=False)
    email_account = TenantForeignKey(
        "campaigns.EmailAccount",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="messages",
        db_index=False,
        verbose_name="e-mail account",
    )
    linkedin_account = TenantForeignKey(
        "campaigns.LinkedinAccount",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="messages",
        db_index=False,
        verbose_name="LinkedIn account",
    )
    channel_account = TenantForeignKey(
        "campaigns.ChannelAccount",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="messages",
        db_index=False,
    )
    thread = TenantForeignKey(
        "campaigns.Message",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="thread_messages",
        db_index=False,
    )

    channel = models.CharField(max_length=20, choices=Channel)
    direction = models.CharField(max_length=20, choices=ContactDirection)
    action = models.CharField(max_length=20, choices=Action, default=Action.MESSAGE, db_default=Action.MESSAGE)
    kind = models.CharField(
        max_length=20, choices=MessageKind, default=MessageKind.OUTREACH, db_default=MessageKind.OUTREACH
    )
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.OUTREACH, db_default=Purpose.OUTREACH)
    state = models.CharField(max_length=20, choices=MessageState)

    from_address = models.CharField(max_length=320, blank=True, default="", db_default="")
    to_address = models.CharField(max_length=320, blank=True, default="", db_default="")
    subject = models.CharField(max_length=500, blank=True, default="", db_default="")
    body = models.TextField(max_length=MAX_BODY_LENGTH, blank=True, default="", db_default="")
    html = models.TextField(max_length=MAX_BODY_LENGTH, blank=True, default="", db_default="")
    attachment_ids = models.JSONField(default=list, blank=True, db_default=[], help_text="The files that go with it.")
    message_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    provider_id = models.CharField(
        "provider's id",
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="Id of the message at the provider that carried it.",
    )
    in_reply_to = models.CharField(max_length=255, blank=True, default="", db_default="")
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])

    decision = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])
    hold_id = models.UUIDField(null=True, blank=True, editable=False, help_text="The credits held for it.")
    counted_day = models.DateField(
        null=True, blank=True, editable=False, help_text="The day whose limit of the campaign it is counted in."
    )
    begun_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When this attempt began to transmit it. Before that it certainly was not sent.",
    )
    accepted_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When its server accepted it. It certainly was sent then; its state follows.",
    )
    tries = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="How often a server postponed it."
    )
    looks = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="How often it was looked for since its sender was lost."
    )
    copy_due_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a copy is next put into the mailbox of sent messages."
    )
    follow_up_due_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When its result is passed on to the campaign and the wallet, if its sender has not done so.",
    )
    occurred_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    clicked_at = models.DateTimeField(null=True, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    # A trigger on the events keeps these two.
    delivered_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a provider first reported the delivery."
    )
    bounced_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When it first came back.")
    created_by_user = TenantUserKey(null=True, blank=True, db_index=False, editable=False)

    audited = False
    announced = False

    class Meta:
        db_table = "messages"
        constraints = [
            TableStorage(name="messages_storage", parameters={"fillfactor": "85"}),
            # A received message may reach two of a tenant's mailboxes; each keeps its own.
            models.UniqueConstraint(
                fields=["tenant", "message_id", "direction", "email_account"],
                condition=~Q(message_id=""),
                nulls_distinct=False,
                name="messages_message_id_key",
                violation_error_message="This message is recorded already.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "provider_id", "linkedin_account", "channel_account"],
                condition=~Q(provider_id=""),
                nulls_distinct=False,
                name="messages_provider_id_key",
                violation_error_message="This message of the provider is recorded already.",
            ),
            *MESSAGE_TRIGGERS,
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="messages_newest"),
            models.Index(fields=["tenant", "lead", "-created_at"], name="messages_lead"),
            # A bounce, or an answer that names no message, belongs to the newest message to its address.
            models.Index(
                fields=["tenant", "to_address", "-created_at"], condition=~Q(to_address=""), name="messages_recipient"
            ),
            # The conversation with somebody who is no lead yet.
            models.Index(
                fields=["tenant", "channel", "from_address", "-created_at"],
                condition=Q(lead__isnull=True) & ~Q(from_address=""),
                name="messages_stranger",
            ),
            models.Index(
                fields=["tenant", "campaign", "state", "-created_at"],
                condition=Q(campaign__isnull=False),
                name="messages_campaign",
            ),
            models.Index(
                fields=["tenant", "campaign_lead"], condition=Q(campaign_lead__isnull=False), name="messages_enrolment"
            ),
            models.Index(
                fields=["tenant", "email_account", "campaign", "next_attempt_at"],
                condition=Q(state="queued"),
                name="messages_queued",
            ),
            models.Index(
                fields=["tenant", "linkedin_account", "campaign", "next_attempt_at"],
                condition=Q(state="queued", linkedin_account__isnull=False),
                name="messages_queued_linkedin",
            ),
            models.Index(
                fields=["tenant", "channel_account", "campaign", "next_attempt_at"],
                condition=Q(state="queued", channel_account__isnull=False),
                name="messages_queued_channel",
            ),
            # What an account did last: its page shows it, and its health is judged by it.
            models.Index(
                fields=["tenant", "linkedin_account", "-occurred_at"],
                condition=Q(direction="outbound", linkedin_account__isnull=False, occurred_at__isnull=False),
                name="messages_of_linkedin",
            ),
            models.Index(
                fields=["tenant", "channel_account", "-occurred_at"],
                condition=Q(direction="outbound", channel_account__isnull=False, occurred_at__isnull=False),
                name="messages_of_channel",
            ),
            models.Index(
                fields=["tenant", "campaign", "next_attempt_at"],
                condition=Q(state="queued", campaign__isnull=False),
                name="messages_next",
            ),
            models.Index(fields=["tenant", "state", "-created_at"], name="messages_state"),
            # Workers recover interrupted sends of all tenants.
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="messages_leased"),
            models.Index(fields=["next_attempt_at"], condition=Q(state="unknown"), name="messages_unknown"),
            models.Index(fields=["copy_due_at"], condition=Q(copy_due_at__isnull=False), name="messages_copy_due"),
            models.Index(
                fields=["follow_up_due_at"], condition=Q(follow_up_due_at__isnull=False), name="messages_follow_up"
            ),
        ]

    def __str__(self) -> str:
        return self.subject or f"{self.get_channel_display()} message"


class MessageEventKind(models.TextChoices):
    DELIVERED = "delivered", "Delivered"
    OPENED = "opened", "Opened"
    CLICKED = "clicked", "Link clicked"
    REPLIED = "replied", "Replied"
    BOUNCED = "bounced", "Bounced"
    COMPLAINED = "complained", "Complained"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"


class MessageEvent(TenantModel):
    """Something that happened to a sent message. ``is_machine`` marks scanners and prefetchers, which do not count."""

    event_name = "campaigns.message_event"

    updated_at = None
    message = TenantForeignKey("campaigns.Message", on_delete=models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(max_length=20, choices=MessageEventKind)
    occurred_at = models.DateTimeField()
    is_machine = models.BooleanField(default=False, db_default=False, verbose_name="by a machine")
    detail = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])
    # What the event is known by, so that one that is reported twice is recorded once.
    source_key = models.CharField(max_length=255, blank=True, default="", db_default="")

    audited = False
    announced = False
    tenant_key = False
    privileges = ("SELECT", "INSERT")

    class Meta:
        db_table = "message_events"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "message", "kind", "source_key"],
                condition=~Q(source_key=""),
                name="message_events_source_key",
            ),
            events_noted("message_events"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="message_events_newest"),
            models.Index(fields=["tenant", "message", "-occurred_at"], name="message_events_message"),
            models.Index(fields=["tenant", "kind", "-occurred_at"], name="message_events_kind"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())
