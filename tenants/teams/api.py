"""The API resources ``tenants``, ``memberships`` and ``tenant-invitations``."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad import writes
from lad.api import router
from lad.api.serializers import InputSerializer, KeyField, make_serializer
from lad.api.views import ResourceViewSet
from tenants.accounts.models import User
from tenants.teams.models import Membership, Tenant, TenantInvitation
from tenants.teams.services import invitations, memberships

_Invitation = make_serializer(TenantInvitation, exclude=["metadata"])


class InvitationSerializer(_Invitation):  # type: ignore[misc, valid-type]
    """An invitation with its status."""

    status = serializers.SerializerMethodField()

    class Meta(_Invitation.Meta):  # type: ignore[name-defined]
        fields = [*_Invitation.Meta.fields, "status"]

    @extend_schema_field(serializers.ChoiceField(choices=["pending", "accepted", "revoked", "expired"]))
    def get_status(self, row: TenantInvitation) -> str:
        return row.status(timezone.now())


class InvitationViewSet(ResourceViewSet):
    rights = {"resend": "invitations.update", "revoke": "invitations.update"}

    @extend_schema(summary="Send an invitation again; its old link stops working", request=None)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def resend(self, request: Request, pk: str) -> Response:
        return self.row_response(invitations.resend(invitation=self.get_object(), actor=self.access.user))

    @extend_schema(summary="Withdraw an invitation", request=None)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def revoke(self, request: Request, pk: str) -> Response:
        return self.row_response(invitations.revoke(invitation=self.get_object(), actor=self.access.user))


class RemoveMemberSerializer(InputSerializer):
    """``hand_over_to`` is the member who takes over what the removed one holds. Null leaves it as it is."""

    hand_over_to = KeyField(model=User, members_only=True, allow_null=True, default=None)


class HoldingsResponse(serializers.Serializer):
    """The number of rows of each kind, such as leads and bookings."""

    holdings = serializers.DictField(child=serializers.IntegerField())


class HandoverResponse(serializers.Serializer):
    """What was handed over, and a sentence for each row that had to stay."""

    counts = serializers.DictField(child=serializers.IntegerField())
    notes = serializers.ListField(child=serializers.CharField())


class MembershipViewSet(ResourceViewSet):
    rights = {"transfer_ownership": "team.transfer", "holdings": "team.delete", "remove": "team.delete"}
    step_up = frozenset({"transfer_ownership"})

    @extend_schema(summary="What the member holds and another one can take over", responses={200: HoldingsResponse})
    @action(detail=True, methods=["get"])
    def holdings(self, request: Request, pk: str) -> Response:
        return Response(HoldingsResponse({"holdings": memberships.held_by(self.get_object())}).data)

    @extend_schema(
        summary="Remove the member, and hand over what they hold",
        request=RemoveMemberSerializer,
        responses={200: HandoverResponse},
    )
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def remove(self, request: Request, pk: str) -> Response:
        to, row = RemoveMemberSerializer.read(request.data)["hand_over_to"], self.get_object()
        done = memberships.Handover({}, ())
        if to is not None:
            done = memberships.hand_over(membership=row, to=to, access=self.access)
        memberships.remove(membership=row, actor=self.access.user)
        return Response(HandoverResponse(done).data)

    @extend_schema(summary="Make this member the owner and the current owner an admin", request=None)
    @action(detail=True, methods=["post"], url_path="transfer-ownership")
    @writes.in_transaction
    def transfer_ownership(self, request: Request, pk: str) -> Response:
        return self.row_response(memberships.transfer_ownership(membership=self.get_object(), actor=self.access.user))


router.register(
    Tenant,
    area="tenant",
    methods=["list", "retrieve", "update"],
    exclude=["metadata", "deleted_at", "self_named"],
    # Only LAD's staff change the plan and the status.
    read_only=["slug", "status", "plan_tier", "trial_ends_at"],
)


router.register(
    Membership,
    area="team",
    # People join by accepting an invitation; nobody puts them back.
    methods=["list", "retrieve", "update", "delete"],
    restorable=False,
    filters=["user", "role", "tenant_role", "created_at"],
    order=["-created_at", "role"],
    viewset=MembershipViewSet,
)


router.register(
    TenantInvitation,
    area="invitations",
    serializer=InvitationSerializer,
    viewset=InvitationViewSet,
    filters=["email", "role", "created_at", "expires_at"],
    order=["-created_at", "expires_at"],
)
