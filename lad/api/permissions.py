"""Who may call which view. A view declares the right it needs; without a declaration the call is denied."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from lad.api.authentication import require_user
from lad.errors import NotAllowed
from lad.tenancy.access import Access, access_of, recently_confirmed

if TYPE_CHECKING:
    from rest_framework.views import APIView

VERBS: Final = {
    "GET": "view",
    "HEAD": "view",
    "OPTIONS": "view",
    "POST": "create",
    "PUT": "update",
    "PATCH": "update",
    "DELETE": "delete",
}

FeatureGate = Callable[[Access, str], tuple[bool, str]]


class FeatureClosed(NotAllowed):
    """This feature is switched off for you."""

    code = "feature_closed"
    title = "Feature closed"


class MissingRight(NotAllowed):
    """Your role does not allow this. Ask an owner or admin of the tenant."""

    code = "missing_right"


class StepUpRequired(NotAllowed):
    """Confirm that it is you: send your password, or your code, to /me/confirm/ and repeat the request."""

    code = "step_up_required"
    title = "Confirmation required"


def _closed_by_default(_access: Access, feature: str) -> tuple[bool, str]:
    return False, f"No feature gate is registered, so {feature} is off."


_gate: FeatureGate = _closed_by_default


def register_feature_gate(gate: FeatureGate) -> None:
    """Register the function that decides whether a caller has a feature: ``gate(access, key) -> (open, reason)``."""
    global _gate
    _gate = gate


def has_feature(access: Access, feature: str) -> bool:
    """Return whether the caller has the feature. The gate is asked once for each caller and feature."""
    answers: dict[str, bool] = access.details.setdefault("open_features", {})
    if feature not in answers:
        answers[feature] = _gate(access, feature)[0]
    return answers[feature]


def require_feature(access: Access, feature: str) -> None:
    """Raise FeatureClosed with the reason unless the caller has the feature."""
    is_open, reason = _gate(access, feature)
    if not is_open:
        raise FeatureClosed(reason or FeatureClosed.default_detail(), feature=feature)


def require_confirmed(access: Access) -> None:
    """Raise StepUpRequired unless the caller has entered their password or code a short time ago."""
    if not recently_confirmed(access, timezone.now()):
        raise StepUpRequired


class HasRight(BasePermission):
    """Check the view's declaration against the caller's rights.

    ``public`` views need no sign-in; ``personal`` views need any signed-in user. All others need the
    right that ``rights`` names for the action or method, or ``<area>.<verb of the method>``. The
    ``feature`` is checked after the right, so that a caller without it learns nothing. The actions or methods in
    ``step_up`` also need a caller who has just entered their password or code.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if getattr(view, "public", False):
            return True
        require_user(request)
        access = access_of(request._request)
        if not getattr(view, "personal", False):
            right = required_right(view, request.method or "")
            if right is None:
                return False
            if not access.allows(right):
                raise MissingRight(right=right)
        feature = getattr(view, "feature", None)
        if feature:
            require_feature(access, feature)
        if {getattr(view, "action", None), (request.method or "").lower()} & getattr(view, "step_up", frozenset()):
            require_confirmed(access)
        return True


def required_right(view: "APIView", method: str) -> str | None:
    """Return the right that a call of the view needs, or None if the view declares none."""
    rights = getattr(view, "rights", None) or {}
    action = getattr(view, "action", None)
    for name in (action, method.lower()):
        if name and name in rights:
            return str(rights[name])
    area = getattr(view, "area", "")
    verb = VERBS.get(method)
    return f"{area}.{verb}" if area and verb else None
