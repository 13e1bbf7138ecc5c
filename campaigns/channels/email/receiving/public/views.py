"""Unsubscribing, the picture that tells of an opening, and clicks."""

from base64 import b64decode
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.channels.email.links import LinkClaim, LinkInvalid, LinkPurpose, read_token
from campaigns.channels.email.receiving import leaving, visits
from campaigns.channels.email.receiving.visits import Visit
from lad.api.throttling import seconds_to_wait
from lad.headers import policy
from lad.languages import Language, localisation
from lad.tenancy.clients import client_address, client_of

THROTTLE: Final = "link"
PAGE: Final = "receiving/unsubscribe.html"
GIF: Final = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
POLICY: Final = policy(
    {
        "default-src": ["'none'"],
        "style-src": ["'unsafe-inline'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
)
HEADERS: Final = {
    "Cache-Control": "no-store, private",
    "Content-Security-Policy": POLICY,
    # The address of the page is its permission.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
UNDO: Final = "undo"

View = Callable[..., HttpResponse]


def public(view: View) -> View:
    """Serve the view to anybody: without a session's scope, without CSRF tokens, stored by no cache."""

    @wraps(view)
    def serve(request: HttpRequest, *given: Any, **named: Any) -> HttpResponse:
        response = view(request, *given, **named)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    serve.self_scoped_actions = ("get", "head", "post")  # type: ignore[attr-defined]
    return csrf_exempt(serve)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show a page with a button. Only a POST acts: from the page, or from a mail program by RFC 8058."""
    try:
        claim = read_token(LinkPurpose.UNSUBSCRIBE, token)
    except LinkInvalid:
        return _invalid(request)
    state = ""
    if request.method == "POST":
        state = _act(request, claim)
    elif _is_too_often(token):
        return _page(request, "often", status=429)
    return _page(request, state, claim=claim)


@public
@require_safe
def picture(request: HttpRequest, token: str) -> HttpResponse:
    """Answer with a transparent picture, whatever the token. Record the opening for a valid one."""
    try:
        claim = read_token(LinkPurpose.OPEN, token)
    except LinkInvalid:
        claim = None
    if claim is not None and not _is_too_often(token):
        visits.opened(claim, _visit(request))
    return HttpResponse(GIF, content_type="image/gif")


@public
@require_safe
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the address that stands in the token, which is signed: a link that was in the message."""
    try:
        claim = read_token(LinkPurpose.CLICK, token)
    except LinkInvalid:
        return _invalid(request)
    if not _is_too_often(token):
        visits.clicked(claim, _visit(request))
    # Django's redirect refuses nothing here, but would check schemes again; the token holds http and https only.
    return HttpResponse(status=302, headers={"Location": claim.target})


def _act(request: HttpRequest, claim: LinkClaim) -> str:
    """Unsubscribe, or undo it. Return what happened."""
    if request.POST.get("action") == UNDO:
        leaving.resubscribe(claim)
        return "undone"
    one_click = request.POST.get("List-Unsubscribe") == "One-Click"
    source = leaving.ONE_CLICK if one_click else leaving.BY_LINK
    leaving.unsubscribe(claim, source=source, at=timezone.now())
    return "done"


def _invalid(request: HttpRequest) -> HttpResponse:
    """Answer to a token that LAD did not make. Who tries many has to wait."""
    if seconds_to_wait(THROTTLE, f"address:{client_address(request)}"):
        return _page(request, "often", status=429)
    return _page(request, "invalid", status=404)


def _page(request: HttpRequest, state: str, *, claim: LinkClaim | None = None, status: int = 200) -> HttpResponse:
    recipient = leaving.recipient_of(claim) if claim is not None else None
    if not state and recipient is not None and recipient.is_unsubscribed:
        state = "done"
    language = _language(request, recipient.language if recipient is not None else "")
    words = localisation(language)
    context = {
        "state": state,
        "known": recipient is not None,
        "language": words.language,
        "direction": words.direction,
        "sender": words.isolated(recipient.sender) if recipient else "",
        "address": words.isolated(recipient.address) if recipient else "",
        "mailbox": words.isolated(recipient.sender_address) if recipient else "",
    }
    return render(request, PAGE, context, status=status)


def _language(request: HttpRequest, spoken: str) -> str:
    """Return the language of the browser if LAD has it, else that of the message."""
    accepted = request.headers.get("Accept-Language", "")[:200]
    codes = [each.split(";")[0].strip().lower().partition("-")[0] for each in accepted.split(",")]
    return next((each for each in [*codes, spoken] if each in Language.values), Language.ENGLISH.value)


def _visit(request: HttpRequest) -> Visit:
    purpose = request.headers.get("Sec-Purpose") or request.headers.get("Purpose") or request.headers.get("X-Moz", "")
    return Visit(timezone.now(), request.method or "", client_of(request).agent, purpose)


def _is_too_often(token: str) -> bool:
    return bool(seconds_to_wait(THROTTLE, f"token:{sha256(token.encode()).hexdigest()[:32]}"))
