"""The API resources ``tenants``, ``memberships`` and ``tenant-invitations``."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad import writes
from lad.api import router
from lad.api.serializers import make_serializer
from lad.api.views import ResourceViewSet
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


class MembershipViewSet(ResourceViewSet):
    rights = {"transfer_ownership": "team.transfer"}
    step_up = frozenset({"transfer_ownership"})

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
