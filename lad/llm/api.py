"""Language models in the API."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.views import ResourceViewSet, require_writable
from lad.llm import connections
from lad.llm.models import ModelAllowance, ModelChoice, ModelConnection, ModelUsage

AREA = "language-models"


class ModelTestResponse(serializers.Serializer):
    """The result of a test: the connection's new status, what is wrong, and the models of the endpoint."""

    status = serializers.CharField()
    reason = serializers.CharField()
    models = serializers.ListField(child=serializers.CharField())


class ModelConnectionViewSet(ResourceViewSet):
    """Endpoints of language models: the tenant's own, and the platform's, which every tenant may choose."""

    rights = {"test": f"{AREA}.update"}
    self_scoped_actions = frozenset({"test"})

    @extend_schema(
        summary="Ask an endpoint for its models and for a short answer",
        request=None,
        responses={200: ModelTestResponse},
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: UUID) -> Response:
        # Runs outside of the request's transaction because it calls the endpoint.
        with self.access.scope():
            connection = require_writable(self.get_object())
        outcome = connections.test_connection(connection=connection)
        return Response(ModelTestResponse(outcome).data)


router.register(
    ModelConnection,
    area=AREA,
    filters=["provider", "is_active", "status", "created_at"],
    order=["-created_at", "name"],
    viewset=ModelConnectionViewSet,
)
router.register(ModelChoice, area=AREA, filters=["purpose", "connection", "created_at"])
router.register(ModelAllowance, area=AREA, methods=router.READ, filters=["connection", "created_at"])
router.register(
    ModelUsage,
    area=AREA,
    methods=router.READ,
    filters=["connection_id", "purpose", "outcome", "model", "created_at"],
)
