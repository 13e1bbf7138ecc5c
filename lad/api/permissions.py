"""Who may call what. A view says which right it needs; one that says nothing is refused."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from lad.api.authentication import require_user
from lad.errors import NotAllowed
from lad.tenancy.access import Access, access_of

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
    """The feature is switched off here."""

    code = "feature_closed"
    title = "Feature closed"


class MissingRight(NotAllowed):
    """Your role does not allow this; ask an owner or admin of the tenant."""

    code = "missing_right"


def _closed_by_default(_access: Access, feature: str) -> tuple[bool, str]:
    return False, f"Nothing decides whether {feature} is on."


_gate: FeatureGate = _closed_by_default


def register_feature_gate(gate: FeatureGate) -> None:
    """Say what decides whether a feature is open to a caller: ``gate(access, key) -> (open, reason)``."""
    global _gate
    _gate = gate


def require_feature(access: Access, feature: str) -> None:
    """Raise FeatureClosed, with the reason, unless the feature is open to the caller."""
    is_open, reason = _gate(access, feature)
    if not is_open:
        raise FeatureClosed(reason or FeatureClosed.default_detail(), feature=feature)


class HasRight(BasePermission):
    """Holds the view's own declaration against the caller's rights.

    ``public`` views are open to strangers, ``personal`` ones to anybody signed in. All others need
    the right ``rights`` names for their action or method, else the one made of their ``area`` and
    the method's verb. ``feature`` is asked after the right, so that a stranger learns nothing.
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
        return True


def required_right(view: "APIView", method: str) -> str | None:
    """The right a call of the view needs, or None when the view declares none."""
    rights = getattr(view, "rights", None) or {}
    action = getattr(view, "action", None)
    for name in (action, method.lower()):
        if name and name in rights:
            return str(rights[name])
    area = getattr(view, "area", "")
    verb = VERBS.get(method)
    return f"{area}.{verb}" if area and verb else None
