"""The API endpoint that gives out tickets for streams."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.api.permissions import MissingRight
from lad.api.serializers import InputSerializer
from lad.api.views import LadAPIView, TenantRequired
from lad.registry import UnknownKey
from lad.streams.app import PREFIX
from lad.streams.channels import channels
from lad.streams.tickets import Ticket, issue_ticket


class StreamTicketSerializer(InputSerializer):
    channel = serializers.CharField(max_length=50, help_text="The channel to listen to, for example `activity`.")

    def validate_channel(self, value: str) -> str:
        try:
            return channels.get(value).key
        except UnknownKey as error:
            known = ", ".join(each.key for each in channels)
            raise serializers.ValidationError(f"There is no such channel. Use one of: {known}.") from error


class StreamTicketResponse(serializers.Serializer[Any]):
    ticket = serializers.CharField(help_text="Opens this channel within a minute.")
    url = serializers.URLField(help_text="The address of the stream, with the ticket.")
    expires_at = serializers.DateTimeField(help_text="When the ticket expires. An open stream goes on.")


class StreamTickets(LadAPIView):
    # The channel names the right.
    personal = True
    replayable = False

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "no-store"}

    @extend_schema(
        summary="Get a ticket that opens a stream of server-sent events",
        request=StreamTicketSerializer,
        responses={201: StreamTicketResponse, **problems(403)},
    )
    def post(self, request: Request) -> Response:
        """Return a ticket for one channel of the current tenant. Open its `url` with an EventSource."""
        channel = channels.get(StreamTicketSerializer.read(request.data)["channel"])
        access = self.access
        if access.tenant_id is None:
            raise TenantRequired
        if not access.allows(channel.right):
            raise MissingRight(right=channel.right)
        ticket, expires_at = issue_ticket(Ticket(access.tenant_id, access.user.pk, channel.key))
        url = request.build_absolute_uri(f"{PREFIX}{channel.key}/?ticket={ticket}")
        answer = StreamTicketResponse({"ticket": ticket, "url": url, "expires_at": expires_at})
        return Response(answer.data, status=status.HTTP_201_CREATED)


ADDRESS: Final = "stream-tickets/"

router.route(ADDRESS, StreamTickets.as_view(), name="stream-tickets")
