"""The inbox in the API."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.inbox import selectors
from campaigns.inbox import serializers as forms
from campaigns.inbox.models import Conversation
from campaigns.inbox.selectors import Folder
from campaigns.inbox.services import handling, linking
from campaigns.inbox.services.replying import Reply, reply
from campaigns.inbox.services.ways import ways
from lad import writes
from lad.api import router
from lad.api.filters import REQUIRED
from lad.api.pagination import KeysetPagination
from lad.api.serializers import make_serializer
from lad.api.views import LadAPIView, ResourceViewSet, require_tenant
from lad.tenancy.context import current_tenant_id

FEATURE = "campaigns"
UPDATE = "inbox.update"
ACTIONS = (
    "reply", "assign", "snooze", "end_snooze", "close", "reopen", "mark_read", "mark_unread", "set_label",
    "accept_suggestion", "dismiss_suggestion", "bulk_assign", "bulk_close", "bulk_label",
)  # fmt: skip


class FolderFilter(django_filters.ChoiceFilter):
    """``?folder=mine``: one part of the inbox. The viewset applies it, because it depends on the caller."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**REQUIRED, **kwargs})

    def filter(self, qs: QuerySet[Conversation], value: str) -> QuerySet[Conversation]:
        return qs


_Conversation = make_serializer(Conversation)


@extend_schema_serializer(component_name="InboxConversation")
class ConversationSerializer(_Conversation):  # type: ignore[misc, valid-type]
    """A conversation, with whom it is."""

    who = serializers.SerializerMethodField()

    class Meta(_Conversation.Meta):  # type: ignore[name-defined]
        fields = [*_Conversation.Meta.fields, "who"]

    @extend_schema_field(serializers.CharField())
    def get_who(self, row: Conversation) -> str:
        return str(row)


class ConversationViewSet(ResourceViewSet):
    """Conversations with leads over all channels. Without the right to oversee the inbox, the caller's own."""

    rights = {
        **dict.fromkeys(ACTIONS, UPDATE),
        "thread": "inbox.view",
        "ways": "inbox.view",
        "make_lead": "leads.create",
        "link": "leads.update",
    }
    queries = {"thread": forms.ThreadQuerySerializer}
    extra_filters = {"folder": FolderFilter(choices=[(each.value, each.value) for each in Folder])}

    def narrow(self, rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
        return selectors.visible(self.access, rows).select_related("lead")

    def filter_queryset(self, queryset: QuerySet) -> Any:
        rows = super().filter_queryset(queryset)
        folder = self.request.query_params.get("folder") if self.action == "list" else None
        return selectors.in_folder(rows, folder, self.access.user) if folder else rows

    @extend_schema(summary="Read the messages of a conversation", responses={200: forms.ThreadResponse})
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def thread(self, request: Request, pk: UUID) -> Response:
        pages = KeysetPagination()
        page = pages.paginate_queryset(selectors.messages_of(self.get_object()), request, self)
        return pages.get_paginated_response(forms.ThreadMessageResponse(page, many=True).data)

    @extend_schema(summary="List the ways to answer a conversation", responses={200: forms.WaysResponse})
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def ways(self, request: Request, pk: UUID) -> Response:
        found = ways(self.get_object(), now=timezone.now())
        return Response(forms.WaysResponse({"results": found}).data)

    @extend_schema(
        summary="Answer a conversation",
        request=forms.ReplySerializer,
        responses={201: forms.ThreadMessageResponse},
    )
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def reply(self, request: Request, pk: UUID) -> Response:
        values = forms.ReplySerializer.read(request.data)
        row = self.get_object()
        given = Reply(
            body=values.get("body", ""),
            subject=values.get("subject", ""),
            way=values.get("way", ""),
            template=values.get("template"),
            whatsapp_template=values.get("whatsapp_template"),
            variables=values.get("variables", ()),
            attachment_ids=values.get("attachments", ()),
            close=values.get("close", False),
        )
        message = reply(conversation=row, given=given, actor=self.access.user)
        shown = selectors.messages_of(row).get(pk=message.pk)
        return Response(forms.ThreadMessageResponse(shown).data, status=status.HTTP_201_CREATED)

    @extend_schema(summary="Assign a conversation to a member, or to nobody", request=forms.AssigneeSerializer)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def assign(self, request: Request, pk: UUID) -> Response:
        values = forms.AssigneeSerializer.read(request.data)
        return self._changed(lambda ids: handling.assign(ids=ids, user=values["assigned_to"], actor=self.access.user))

    @extend_schema(summary="Hide a conversation until a time, or until somebody writes", request=forms.SnoozeSerializer)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def snooze(self, request: Request, pk: UUID) -> Response:
        until = forms.SnoozeSerializer.read(request.data)["until"]
        return self._changed(lambda ids: handling.snooze(ids=ids, until=until, actor=self.access.user))

    @extend_schema(summary="Bring a snoozed conversation back", request=None)
    @action(detail=True, methods=["post"], url_path="end-snooze")
    @writes.in_transaction
    def end_snooze(self, request: Request, pk: UUID) -> Response:
        return self._changed(lambda ids: handling.end_snooze(ids=ids, actor=self.access.user))

    @extend_schema(summary="Close a conversation", request=None)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def close(self, request: Request, pk: UUID) -> Response:
        return self._changed(lambda ids: handling.close(ids=ids, actor=self.access.user))

    @extend_schema(summary="Open a closed conversation again", request=None)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def reopen(self, request: Request, pk: UUID) -> Response:
        return self._changed(lambda ids: handling.reopen(ids=ids, actor=self.access.user))

    @extend_schema(summary="Mark a conversation as read", request=None)
    @action(detail=True, methods=["post"], url_path="read")
    @writes.in_transaction
    def mark_read(self, request: Request, pk: UUID) -> Response:
        return self._changed(lambda ids: handling.mark_read(ids=ids, actor=self.access.user))

    @extend_schema(summary="Mark a conversation as unread", request=None)
    @action(detail=True, methods=["post"], url_path="unread")
    @writes.in_transaction
    def mark_unread(self, request: Request, pk: UUID) -> Response:
        return self._changed(lambda ids: handling.mark_unread(ids=ids, actor=self.access.user))

    @extend_schema(summary="Label a conversation", request=forms.LabelSerializer)
    @action(detail=True, methods=["post"], url_path="label")
    @writes.in_transaction
    def set_label(self, request: Request, pk: UUID) -> Response:
        label = forms.LabelSerializer.read(request.data)["label"]
        return self._changed(lambda ids: handling.set_label(ids=ids, label=label, actor=self.access.user))

    @extend_schema(summary="Take over the suggested label", request=None)
    @action(detail=True, methods=["post"], url_path="accept-suggestion")
    @writes.in_transaction
    def accept_suggestion(self, request: Request, pk: UUID) -> Response:
        row = handling.accept_suggestion(conversation=self.get_object(), actor=self.access.user)
        return self.row_response(row)

    @extend_schema(summary="Forget the suggested label", request=None)
    @action(detail=True, methods=["post"], url_path="dismiss-suggestion")
    @writes.in_transaction
    def dismiss_suggestion(self, request: Request, pk: UUID) -> Response:
        row = handling.dismiss_suggestion(conversation=self.get_object(), actor=self.access.user)
        return self.row_response(row)

    @extend_schema(summary="Make a lead of somebody who wrote", request=None)
    @action(detail=True, methods=["post"], url_path="make-lead")
    @writes.in_transaction
    def make_lead(self, request: Request, pk: UUID) -> Response:
        return self.row_response(linking.make_lead(conversation=self.get_object(), actor=self.access.user))

    @extend_schema(summary="Give a conversation to the lead whose address it is", request=forms.LinkSerializer)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def link(self, request: Request, pk: UUID) -> Response:
        lead = forms.LinkSerializer.read(request.data)["lead"]
        return self.row_response(linking.link(conversation=self.get_object(), lead=lead))

    @extend_schema(
        summary="Assign conversations to a member, or to nobody",
        request=forms.AssignConversationsSerializer,
        responses={200: forms.ChangedResponse},
    )
    @action(detail=False, methods=["post"], url_path="bulk/assign")
    @writes.in_transaction
    def bulk_assign(self, request: Request) -> Response:
        values = self._several(forms.AssignConversationsSerializer, request)
        return _count(handling.assign(ids=values["ids"], user=values["assigned_to"], actor=self.access.user))

    @extend_schema(
        summary="Close conversations",
        request=forms.ConversationsSerializer,
        responses={200: forms.ChangedResponse},
    )
    @action(detail=False, methods=["post"], url_path="bulk/close")
    @writes.in_transaction
    def bulk_close(self, request: Request) -> Response:
        values = self._several(forms.ConversationsSerializer, request)
        return _count(handling.close(ids=values["ids"], actor=self.access.user))

    @extend_schema(
        summary="Label conversations",
        request=forms.LabelConversationsSerializer,
        responses={200: forms.ChangedResponse},
    )
    @action(detail=False, methods=["post"], url_path="bulk/label")
    @writes.in_transaction
    def bulk_label(self, request: Request) -> Response:
        values = self._several(forms.LabelConversationsSerializer, request)
        return _count(handling.set_label(ids=values["ids"], label=values["label"], actor=self.access.user))

    def _changed(self, change: Callable[[list[UUID]], object]) -> Response:
        """Change the conversation of the address, which the caller must see, and return it."""
        row = self.get_object()
        change([row.pk])
        row.refresh_from_db()
        return self.row_response(row)

    def _several(self, form: type[forms.ConversationsSerializer], request: Request) -> dict[str, Any]:
        """Return the request with those of its conversations that the caller sees."""
        require_tenant(Conversation)
        values = form.read(request.data)
        seen = self.narrow(Conversation.objects.filter(pk__in=values["ids"]))
        return {**values, "ids": list(seen.values_list("pk", flat=True))}


def _count(changed: int) -> Response:
    return Response(forms.ChangedResponse({"changed": changed}).data)


class InboxCounts(LadAPIView):
    """How much there is to do for the caller."""

    area = "inbox"
    rights = {"get": "inbox.view"}
    feature = FEATURE

    @extend_schema(
        operation_id="inbox_counts",
        summary="Count unread, own and unassigned conversations",
        responses={200: forms.InboxCountsResponse},
    )
    def get(self, request: Request) -> Response:
        require_tenant(Conversation)
        return Response(forms.InboxCountsResponse(selectors.counts(self.access)).data)


class InboxWorkload(LadAPIView):
    """The open conversations of each member."""

    area = "inbox"
    rights = {"get": selectors.OVERSEE}
    feature = FEATURE

    @extend_schema(
        operation_id="inbox_workload",
        summary="Count the conversations of each member",
        responses={200: forms.WorkloadsResponse},
    )
    def get(self, request: Request) -> Response:
        require_tenant(Conversation)
        loads = selectors.workload(current_tenant_id())
        return Response(forms.WorkloadsResponse({"results": loads}).data)


router.register(
    Conversation,
    area="inbox",
    feature=FEATURE,
    methods=router.READ,
    serializer=ConversationSerializer,
    viewset=ConversationViewSet,
    filters=[
        "lead", "campaign", "state", "assigned_to", "label", "last_channel", "last_direction", "snoozed_until",
        "moved_at", "last_message_at", "last_inbound_at", "created_at",
    ],
    order=["-moved_at", "-created_at"],
    search=selectors.search,
)  # fmt: skip
router.route("inbox/counts/", InboxCounts.as_view(), name="inbox-counts")
router.route("inbox/workload/", InboxWorkload.as_view(), name="inbox-workload")
