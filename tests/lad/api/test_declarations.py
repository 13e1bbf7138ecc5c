"""Declarations of views name only actions that exist."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from lad.api.views import LadAPIView

NETWORK_ACCOUNTS = {"check", "checkpoint", "connect", "connection", "disconnect", "reconnect", "resume"}


def views(resolver: Any = None) -> Iterator[tuple[type[LadAPIView], set[str]]]:
    """Yield each API view with the actions and methods its URL can call."""
    for pattern in (resolver or get_resolver("lad.urls")).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "cls", None)
            if view is not None and issubclass(view, LadAPIView):
                methods = {name for name in view.http_method_names if hasattr(view, name)}
                actions: dict[str, str] = getattr(pattern.callback, "actions", None) or {}
                yield view, {*methods, *actions, *actions.values()}


def declared(view: type[LadAPIView], attribute: str) -> set[str]:
    names: Any = getattr(view, attribute)
    return set() if isinstance(names, bool) else set(names)


@pytest.mark.parametrize("attribute", ["self_scoped_actions", "idempotency_required", "rights"])
def test_every_declared_action_exists(attribute: str) -> None:
    callable_names: dict[type[LadAPIView], set[str]] = {}
    for view, names in views():
        callable_names.setdefault(view, set()).update(names)
    checked = 0
    for view, names in callable_names.items():
        unknown = declared(view, attribute) - names
        # A resource that cannot delete still inherits the right that restoring would need.
        assert unknown <= ({"restore"} if attribute == "rights" else set()), f"{view.__name__}: {sorted(unknown)}"
        checked += bool(declared(view, attribute))
    assert checked


def test_the_views_about_a_person_need_no_tenant() -> None:
    addresses = {view.__name__ for view, _names in views() if not view.needs_tenant}
    assert addresses == {
        *("SignUp", "SignIn", "Refresh", "SignOut", "ChangePassword", "RequestReset", "ResetPassword"),
        *("VerifyEmail", "ResendVerification", "ExternalSignIn", "LinkExternal"),
        *("MeView", "SwitchTenant", "FoundTenant", "LeaveTenant", "LookUpInvitation", "AcceptInvitation"),
        *("OwnSessions", "OwnSession", "ConfirmSession"),
        # A directory delivers what it was asked for to an address that nobody can guess.
        "DeliveryView",
        # Carriers and agent workers come to such an address too, and sign what they say.
        *("CallbackView", "TwilioView", "BriefView"),
        # The gateway to networks brings a secret.
        "UnipileReportView",
        # The gateway reports that a link of LAD's was used; the address is signed.
        "NoticeView",
        *("WhatsAppReportView", "TwilioReportView", "UnipileReportView"),
    }


def test_only_charges_checkouts_and_calls_of_outside_systems_open_their_own_scope() -> None:
    found = {view.__name__: view.self_scoped_actions for view, _names in views() if view.self_scoped_actions}
    assert found == {
        "UsageEventViewSet": {"create", "charge", "retry"},
        "PaymentViewSet": {"create"},
        "ModelConnectionViewSet": {"test"},
        "EmailAccountViewSet": {"complete", "records", "test"},
        "ChannelAccountViewSet": NETWORK_ACCOUNTS,
        "LinkedinAccountViewSet": NETWORK_ACCOUNTS,
        "NoticeView": {"post"},
        "CarrierAccountViewSet": {"test"},
        "DirectoryAccountViewSet": {"test"},
        "AnalyseView": {"post"},
        "AnswerView": {"post"},
        "ClassifyView": {"post"},
        "CompanySearchView": {"post"},
        "FittingView": {"post"},
        "UploadView": {"post"},
        "PeopleSearchView": {"post"},
        "DeliveryView": {"post"},
        "BriefView": {"post"},
        "CallbackView": {"post"},
        "PreviewView": {"post"},
        "TwilioView": {"post"},
        "UnipileReportView": {"post"},
        "TwilioReportView": {"post"},
        "WhatsAppReportView": {"get", "post"},
        "WhatsappTemplateViewSet": {"synchronise"},
        "KeywordExpansionViewSet": {"expand"},
    }
