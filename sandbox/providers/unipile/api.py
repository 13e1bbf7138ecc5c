"""The routes of the gateway's API: who asks, which account acts, and what is answered."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

from sandbox.answering import Answer, Answering
from sandbox.core import Core
from sandbox.http import Problem, Request, Response
from sandbox.networks.bodies import values_of
from sandbox.networks.ledger import Deed, Ledger
from sandbox.networks.limits import Limits
from sandbox.networks.people import People, Person
from sandbox.networks.settings import KEY_BEGINS
from sandbox.providers.unipile.accounts import Account, Accounts
from sandbox.providers.unipile.chats import Chats
from sandbox.providers.unipile.errors import refused, spoken
from sandbox.providers.unipile.hosted import Hosted
from sandbox.providers.unipile.identities import identifier_of
from sandbox.providers.unipile.moments import moment_of, page
from sandbox.providers.unipile.profiles import LIMITS, Profiles
from sandbox.providers.unipile.relations import Relations
from sandbox.providers.unipile.sign_in import SignIn
from sandbox.providers.unipile.webhooks import PROTOCOL, Webhooks

ROOT: Final = "/unipile/api/v1"
FOLLOWING: Final = "followingStates/urn:li:fsd_followingState:urn:li:fsd_profile:"
LONGEST: Final = 8_000
Handle = Callable[[Request, dict[str, Any]], Any]


class Api:
    """Every documented path that LAD may use."""

    def __init__(
        self,
        core: Core,
        people: People,
        ledger: Ledger,
        limits: Limits,
        *,
        accounts: Accounts,
        chats: Chats,
        relations: Relations,
        profiles: Profiles,
        sign_in: SignIn,
        hosted: Hosted,
        webhooks: Webhooks,
    ) -> None:
        self._core, self._people, self._ledger, self._limits = core, people, ledger, limits
        self._accounts, self._chats, self._relations, self._profiles = accounts, chats, relations, profiles
        self._sign_in, self._hosted, self._webhooks = sign_in, hosted, webhooks
        self.answering = Answering(core, PROTOCOL, spoken, logs="network_request")

    def start(self) -> None:
        routes: tuple[tuple[str, str, str, Handle], ...] = (
            ("GET", "/accounts", "LOOK_UP", self._list_accounts),
            ("POST", "/accounts", "ACCOUNT", lambda request, body: self._sign_in.begin(body)),
            ("POST", "/accounts/checkpoint", "ACCOUNT", lambda request, body: self._sign_in.solve(body)),
            ("POST", "/accounts/resend_checkpoint", "ACCOUNT", self._resend),
            ("POST", "/accounts/checkpoint/resend", "ACCOUNT", self._resend),
            ("GET", "/accounts/{id}", "LOOK_UP", self._show_account),
            ("POST", "/accounts/{id}", "ACCOUNT", self._reconnect),
            ("DELETE", "/accounts/{id}", "ACCOUNT", self._delete_account),
            ("POST", "/hosted/accounts/link", "LINK", lambda request, body: self._hosted.create(body)),
            ("POST", "/users/invite", "INVITE", self._invite),
            ("GET", "/users/invite/sent", "LIST", self._list_invitations),
            ("DELETE", "/users/invite/sent/{id}", "WITHDRAW", self._withdraw),
            ("GET", "/users/relations", "LIST", self._list_relations),
            ("GET", "/users/following", "LIST", self._list_following),
            ("GET", "/users/me", "LOOK_UP", self._show_owner),
            ("GET", "/users/{identifier}", "VISIT", self._show_user),
            ("GET", "/users/{identifier}/posts", "LIST", self._list_posts),
            ("POST", "/linkedin", "FOLLOW", self._follow),
            ("POST", "/posts", "POST", self._post),
            ("POST", "/posts/reaction", "REACT", self._react),
            ("GET", "/posts/{id}", "LOOK_UP", self._show_post),
            ("GET", "/posts/{id}/comments", "LIST", self._list_comments),
            ("GET", "/posts/{id}/reactions", "LIST", self._list_reactions),
            ("POST", "/posts/{id}/comments", "COMMENT", self._comment),
            ("GET", "/chats", "LIST", self._list_chats),
            ("POST", "/chats", "SEND", self._start_chat),
            ("GET", "/chats/{id}", "LOOK_UP", self._show_chat),
            ("GET", "/chats/{id}/messages", "LIST", self._list_messages_of_chat),
            ("POST", "/chats/{id}/messages", "SEND", self._send),
            ("GET", "/chats/{id}/attendees", "LIST", self._list_attendees_of_chat),
            ("GET", "/messages", "LIST", self._list_messages),
            ("GET", "/messages/{id}", "LOOK_UP", self._show_message),
            ("GET", "/chat_attendees", "LIST", self._list_attendees),
            ("GET", "/chat_attendees/{id}/chats", "LIST", self._list_chats_with),
            (
                "GET",
                "/webhooks",
                "WEBHOOK",
                lambda request, body: page("WebhookList", self._webhooks.all(), request.query),
            ),
            ("POST", "/webhooks", "WEBHOOK", self._subscribe),
            ("DELETE", "/webhooks/{id}", "WEBHOOK", self._unsubscribe),
        )
        for method, path, stage, handle in routes:
            self._serve(method, path, stage, handle)

    def _serve(self, method: str, path: str, stage: str, handle: Handle) -> None:
        async def answer(request: Request) -> Response:
            body = _body(request)
            asked = replace(request, names={name: unquote(value) for name, value in request.names.items()})
            account = str(body.get("account_id") or request.query.get("account_id") or request.names.get("id", ""))

            async def act() -> Any:
                if not request.headers.get("x-api-key", "").startswith(KEY_BEGINS):
                    raise refused("missing_credentials", "The X-API-KEY is missing or wrong.")
                if self._limits.too_fast(account):
                    raise refused("too_many_requests", "Too many requests for this account.")
                return handle(asked, body)

            recipient = str(body.get("provider_id") or request.names.get("identifier", ""))
            return await self.answering.answer(f"{method} {path}", stage, act, account=account, number=recipient)

        self._core.http.route(method, ROOT + path, answer)

    # Accounts

    def _list_accounts(self, request: Request, body: dict[str, Any]) -> Any:
        return page("AccountList", [each.as_json() for each in self._accounts.all()], request.query)

    def _show_account(self, request: Request, body: dict[str, Any]) -> Any:
        return self._accounts.get(request.names["id"]).as_json()

    def _reconnect(self, request: Request, body: dict[str, Any]) -> Any:
        return self._sign_in.begin(body, again=self._accounts.get(request.names["id"]))

    def _delete_account(self, request: Request, body: dict[str, Any]) -> Any:
        self._accounts.delete(request.names["id"])
        return {"object": "AccountDeleted"}

    def _resend(self, request: Request, body: dict[str, Any]) -> Any:
        return self._sign_in.resend(str(body.get("account_id") or ""))

    # People

    def _show_owner(self, request: Request, body: dict[str, Any]) -> Any:
        account = self._acting(request, body)
        return {
            "object": "AccountOwnerProfile",
            "provider": account.type,
            "provider_id": account.provider_id,
            "public_identifier": account.identifier,
            "first_name": account.name.partition(" ")[0],
            "last_name": account.name.partition(" ")[2],
            "premium": bool(account.info.get("premium")),
        }

    def _show_user(self, request: Request, body: dict[str, Any]) -> Any:
        account = self._acting(request, body)
        person = self._person(account, request.names["identifier"])
        return self._profiles.show(account, person, visits=request.query.get("notify") == "true")

    def _invite(self, request: Request, body: dict[str, Any]) -> Any:
        account = self._acting(request, body)
        person = self._person(account, str(body.get("provider_id") or ""))
        if account.type == "INSTAGRAM":
            self._profiles.act(account, "follow", person.identifier)
            return Answer({"object": "UserInvitationSent", "invitation_id": ""}, 201)
        if account.type != "LINKEDIN":
            raise refused("invalid_parameters", "There are no invitations on this network.")
        invitation = self._relations.invite(account, person, str(body.get("message") or ""))
        return Answer({"object": "UserInvitationSent", "invitation_id": invitation.id}, 201)

    def _list_invitations(self, request: Request, body: dict[str, Any]) -> Any:
        return page("InvitationList", self._relations.pending(self._seen(request)), request.query)

    def _withdraw(self, request: Request, body: dict[str, Any]) -> Any:
        self._relations.withdraw(self._acting(request, body), request.names["id"])
        return {"object": "UserInvitationCanceled"}

    def _list_relations(self, request: Request, body: dict[str, Any]) -> Any:
        return page("UserRelationsList", self._relations.listed(self._seen(request)), request.query)

    def _list_following(self, request: Request, body: dict[str, Any]) -> Any:
        return page("FollowingList", self._profiles.following(self._seen(request)), request.query)

    def _follow(self, request: Request, body: dict[str, Any]) -> Any:
        """Take the request that LinkedIn's own pages make to follow somebody."""
        account = self._acting(request, body)
        _, found, id = str(body.get("request_url") or "").partition(FOLLOWING)
        if account.type != "LINKEDIN" or not found or str(body.get("method", "")).upper() != "POST":
            raise refused("invalid_parameters", "The sandbox knows no such request.")
        self._profiles.act(account, "follow", self._person(account, id.partition("?")[0]).identifier)
        return {"object": "LinkedinRawData", "data": {}}

    # Posts

    def _list_posts(self, request: Request, body: dict[str, Any]) -> Any:
        account = self._acting(request, body)
        given = request.names["identifier"]
        identifier = account.identifier if given == "me" else identifier_of(account.type, given)
        posts = self._profiles.posts(account, self._people.person(identifier))
        return page("PostList", posts, request.query)

    def _show_post(self, request: Request, body: dict[str, Any]) -> Any:
        return self._profiles.post(self._acting(request, body), request.names["id"])

    def _post(self, request: Request, body: dict[str, Any]) -> Any:
        account, text = self._acting(request, body), str(body.get("text") or "")
        if not text:
            raise refused("invalid_parameters", "text is required.")
        return Answer({"object": "PostCreated", "post_id": self._profiles.act(account, "post", "", text)}, 201)

    def _react(self, request: Request, body: dict[str, Any]) -> Any:
        account = self._acting(request, body)
        self._profiles.react(account, str(body.get("post_id") or ""), str(body.get("reaction_type") or "like"))
        return Answer({"object": "ReactionAdded"}, 201)

    def _comment(self, request: Request, body: dict[str, Any]) -> Any:
        account = self._acting(request, body)
        id = self._profiles.comment(account, request.names["id"], str(body.get("text") or ""))
        return Answer({"object": "CommentSent", "comment_id": id}, 201)

    def _list_comments(self, request: Request, body: dict[str, Any]) -> Any:
        self._acting(request, body)
        found = self._profiles.comments(request.names["id"], "comment")
        return page("CommentList", found, request.query)

    def _list_reactions(self, request: Request, body: dict[str, Any]) -> Any:
        self._acting(request, body)
        found = self._profiles.comments(request.names["id"], "like")
        return page("PostReactionList", found, request.query)

    # Chats

    def _start_chat(self, request: Request, body: dict[str, Any]) -> Any:
        account = self._acting(request, body)
        given = body.get("attendees_ids") or []
        ids = given if isinstance(given, list) else [given]
        if len(ids) != 1:
            raise refused("invalid_parameters", "attendees_ids must name one person.")
        message = self._send_text(account, self._person(account, str(ids[0])), body)
        return Answer({"object": "ChatStarted", "chat_id": message.chat, "message_id": message.id}, 201)

    def _send(self, request: Request, body: dict[str, Any]) -> Any:
        account, person = self._chats.chat_of(request.names["id"])
        message = self._send_text(self._accounts.usable(account.id), person, body)
        return Answer({"object": "MessageSent", "message_id": message.id}, 201)

    def _send_text(self, account: Account, person: Person, body: dict[str, Any]) -> Any:
        text = str(body.get("text") or "")
        if not text:
            raise refused("invalid_parameters", "text is required.")
        problem = self._problem(account, person, text)
        if problem:
            id = self._ledger.next_id("refused")[:22]
            told = (id, PROTOCOL, account.channel, account.id, "message", person.identifier, text, "")
            self._ledger.refuse(Deed(*told, self._core.clock.now()), problem)
            raise refused(problem, "The message cannot be sent.")
        return self._chats.send(account, person, text)

    def _problem(self, account: Account, person: Person, text: str) -> str:
        """Return the error that a message meets, or nothing."""
        if len(text) > LONGEST:
            return "too_many_characters"
        if person.behaviour == "wrong_number":
            return "invalid_recipient"
        if account.type == "LINKEDIN":
            if self._ledger.closed(account.channel, account.id, person.identifier):
                return "recipient_cannot_be_reached"
            if not self._relations.connected(account.id, person.identifier):
                return "no_connection_with_recipient"
        if self._limits.exceeded(account.id, "message", ("message",), LIMITS["message"]):
            return "too_many_requests"
        return ""

    def _list_chats(self, request: Request, body: dict[str, Any]) -> Any:
        query = request.query
        account, type = query.get("account_id", ""), query.get("account_type", "")
        found = self._chats.chats(
            "(? IN ('', account)) AND at > ? AND at < ?", account, moment_of(query.get("after")) or 0, _before(query)
        )
        shown = [self._chats.chat_json(each) for each in found]
        return page("ChatList", [each for each in shown if type in ("", each["account_type"])], query)

    def _show_chat(self, request: Request, body: dict[str, Any]) -> Any:
        found = self._chats.chats("chat = ?", request.names["id"])
        if not found:
            raise refused("resource_not_found", "Chat not found.")
        return self._chats.chat_json(found[0])

    def _list_messages_of_chat(self, request: Request, body: dict[str, Any]) -> Any:
        self._chats.chat_of(request.names["id"])
        return self._messages(request, "chat = ?", request.names["id"])

    def _list_messages(self, request: Request, body: dict[str, Any]) -> Any:
        return self._messages(request, "(? IN ('', account))", request.query.get("account_id", ""))

    def _messages(self, request: Request, condition: str, value: str) -> Any:
        after = moment_of(request.query.get("after")) or 0
        found = self._chats.messages(f"{condition} AND at > ? AND at < ?", value, after, _before(request.query))
        return page("MessageList", [self._chats.message_json(each) for each in found], request.query)

    def _show_message(self, request: Request, body: dict[str, Any]) -> Any:
        found = self._chats.messages("id = ?", request.names["id"])
        if not found:
            raise refused("resource_not_found", "Message not found.")
        return self._chats.message_json(found[0])

    def _list_attendees_of_chat(self, request: Request, body: dict[str, Any]) -> Any:
        account, person = self._chats.chat_of(request.names["id"])
        return page("ChatAttendeeList", [self._chats.attendee_json(account, person.identifier)], request.query)

    def _list_attendees(self, request: Request, body: dict[str, Any]) -> Any:
        account = self._seen(request)
        shown = [self._chats.attendee_json(account, each) for each in self._chats.people_of(account)]
        return page("ChatAttendeeList", shown, request.query)

    def _list_chats_with(self, request: Request, body: dict[str, Any]) -> Any:
        """Return the chats with somebody, who is called by the gateway's id or the network's."""
        account = self._seen(request)
        identifier = identifier_of(account.type, request.names["id"])
        for each in self._chats.people_of(account):
            if request.names["id"] == self._chats.attendee_json(account, each)["id"]:
                identifier = each
        found = self._chats.chats("account = ? AND person = ?", account.id, identifier)
        return page("ChatList", [self._chats.chat_json(each) for each in found], request.query)

    # Webhooks

    def _subscribe(self, request: Request, body: dict[str, Any]) -> Any:
        return Answer({"object": "WebhookCreated", "webhook_id": self._webhooks.create(body)}, 201)

    def _unsubscribe(self, request: Request, body: dict[str, Any]) -> Any:
        self._webhooks.delete(request.names["id"])
        return {"object": "WebhookDeleted"}

    # Helpers

    def _acting(self, request: Request, body: dict[str, Any]) -> Account:
        return self._accounts.usable(str(body.get("account_id") or request.query.get("account_id") or ""))

    def _seen(self, request: Request) -> Account:
        """Return an account that is only read, whatever its state."""
        return self._accounts.get(request.query.get("account_id", ""))

    def _person(self, account: Account, given: str) -> Person:
        if not given:
            raise refused("invalid_parameters", "Name the person by its provider_id.")
        return self._people.person(identifier_of(account.type, given))


def _body(request: Request) -> dict[str, Any]:
    if request.method not in ("POST", "PUT", "PATCH"):
        return {}
    try:
        return values_of(request)
    except Problem:
        return {}


def _before(query: Any) -> float:
    moment = moment_of(query.get("before"))
    return 9e12 if moment is None else moment
