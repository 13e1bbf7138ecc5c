"""The gateway to LinkedIn, WhatsApp and Instagram as Unipile documents it, under ``/unipile/api/v1``.

A key (X-API-KEY) begins with ``sandbox``. POST /unipile/accounts {type, name, identifier, premium, id} makes an
account without a sign-in; POST /unipile/accounts/{id}/state {state} moves it, as its network would; POST
/unipile/accounts/{id}/relations {person} connects it with somebody; POST /unipile/write {account, person, text, by}
lets the person or the owner write by hand; POST /unipile/posts {type, person, text} lets a person publish. POST
/unipile/sign-ins {username, outcome} says how sign-ins go (``sign_in.py``). What people do, limits and callbacks:
``sandbox/providers/networks.py``.

Faults (protocol ``unipile``, see ``sandbox/answering.py``) strike at the stages ACCOUNT, LINK, LOOK_UP, VISIT, INVITE,
WITHDRAW, SEND, FOLLOW, REACT, COMMENT, POST, LIST and WEBHOOK, and CALLBACK.
"""

from sandbox.answering import Refused
from sandbox.core import Core
from sandbox.http import Problem, Request, Response, reply
from sandbox.networks.ledger import Ledger
from sandbox.networks.limits import Limits
from sandbox.networks.people import People
from sandbox.networks.settings import Settings
from sandbox.providers import register
from sandbox.providers.unipile.accounts import Accounts
from sandbox.providers.unipile.api import Api
from sandbox.providers.unipile.chats import OWNER, PERSON, Chats
from sandbox.providers.unipile.hosted import Hosted
from sandbox.providers.unipile.identities import identifier_of
from sandbox.providers.unipile.profiles import Profiles
from sandbox.providers.unipile.relations import Relations
from sandbox.providers.unipile.sign_in import SignIn
from sandbox.providers.unipile.webhooks import PROTOCOL, Webhooks


@register
class Unipile:
    """The provider."""

    name = "unipile"

    def __init__(self, core: Core) -> None:
        self._core = core
        self._people, self._ledger, settings = People(core), Ledger(core), Settings(core)
        self._limits = Limits(core, self._ledger, settings)
        self._webhooks = Webhooks(core, self._ledger, settings)
        self._accounts = Accounts(core, self._ledger, self._webhooks)
        self._chats = Chats(core, self._people, self._ledger, accounts=self._accounts, webhooks=self._webhooks)
        self._relations = Relations(
            *(core, self._people, self._ledger, self._limits),
            accounts=self._accounts,
            chats=self._chats,
            webhooks=self._webhooks,
        )
        self._sign_in = SignIn(core, self._ledger, self._accounts)
        self._hosted = Hosted(
            core, self._ledger, accounts=self._accounts, sign_in=self._sign_in, webhooks=self._webhooks
        )
        self._profiles = Profiles(
            *(core, self._people, self._ledger, self._limits), accounts=self._accounts, relations=self._relations
        )
        self._api = Api(
            *(core, self._people, self._ledger, self._limits),
            accounts=self._accounts,
            chats=self._chats,
            relations=self._relations,
            profiles=self._profiles,
            sign_in=self._sign_in,
            hosted=self._hosted,
            webhooks=self._webhooks,
        )

    async def start(self) -> None:
        self._api.start()
        self._hosted.start()
        for method, path, handler in (
            ("POST", "/unipile/accounts", self._create_account),
            ("POST", "/unipile/accounts/{id}/state", self._change_state),
            ("POST", "/unipile/accounts/{id}/relations", self._connect),
            ("POST", "/unipile/write", self._write),
            ("POST", "/unipile/posts", self._publish),
            ("POST", "/unipile/sign-ins", self._tell_sign_in),
        ):
            self._core.http.route(method, path, handler)

    def reset(self) -> None:
        self._limits.reset()
        self._webhooks.deliveries.counts.clear()
        self._api.answering.counts.clear()

    def stats(self) -> dict[str, object]:
        """Count what reached people by action, callbacks by how they went, and requests by status."""
        return {
            **self._ledger.stats(PROTOCOL),
            "callbacks": dict(self._webhooks.deliveries.counts),
            "requests": dict(self._api.answering.counts),
        }

    async def _create_account(self, request: Request) -> Response:
        try:
            return reply(self._accounts.create(request.json()).as_json(), 201)
        except Refused as problem:
            raise Problem(problem.status, str(problem)) from None

    async def _change_state(self, request: Request) -> Response:
        try:
            return reply(self._accounts.change(request.names["id"], str(request.json()["state"])).as_json())
        except Refused as problem:
            raise Problem(problem.status, str(problem)) from None

    async def _connect(self, request: Request) -> Response:
        try:
            account = self._accounts.get(request.names["id"])
        except Refused as problem:
            raise Problem(problem.status, str(problem)) from None
        self._relations.connect(account, identifier_of(account.type, str(request.json()["person"])))
        return reply({}, 201)

    async def _write(self, request: Request) -> Response:
        values = request.json()
        if values.get("by", PERSON) not in (OWNER, PERSON):
            raise Problem(400, "by must be owner or person.")
        try:
            account = self._accounts.get(str(values["account"]))
        except Refused as problem:
            raise Problem(problem.status, str(problem)) from None
        person = self._people.person(identifier_of(account.type, str(values["person"])))
        message = self._chats.write(account, person, str(values["text"]), by=values.get("by", PERSON))
        return reply({"id": message.id, "chat_id": message.chat}, 201)

    async def _publish(self, request: Request) -> Response:
        values = request.json()
        type = str(values["type"])
        person = self._people.person(identifier_of(type, str(values["person"])))
        return reply({"id": self._profiles.publish(type, person, str(values["text"]))}, 201)

    async def _tell_sign_in(self, request: Request) -> Response:
        self._sign_in.tell(request.json())
        return reply({}, 201)
