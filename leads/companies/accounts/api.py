"""Directory accounts in the API."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.views import ResourceViewSet, require_writable
from leads.companies.accounts import services
from leads.companies.accounts.models import DirectoryAccount
from leads.companies.features import FEATURE

AREA = "directories"


class DirectoryTestResponse(serializers.Serializer):
    """The result of a test: the account's new status, and what is wrong."""

    status = serializers.CharField()
    reason = serializers.CharField()


class DirectoryAccountViewSet(ResourceViewSet):
    """Accounts at directories: the tenant's own, and the platform's, which tenants without one use."""

    rights = {"test": f"{AREA}.update"}
    self_scoped_actions = frozenset({"test"})

    @extend_schema(
        summary="Search for one person, and read usage and credits. Costs no credit",
        request=None,
        responses={200: DirectoryTestResponse},
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: UUID) -> Response:
        # Runs outside of the request's transaction because it calls the directory.
        with self.access.scope():
            account = require_writable(self.get_object())
        return Response(DirectoryTestResponse(services.test_account(account=account)).data)


router.register(
    DirectoryAccount,
    area=AREA,
    feature=FEATURE,
    filters=["provider", "is_active", "status", "created_at"],
    order=["-created_at", "name"],
    viewset=DirectoryAccountViewSet,
)
