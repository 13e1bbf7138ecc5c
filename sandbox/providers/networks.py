"""Orders for all networks: what people do, how callbacks go, what accounts may; and what reached whom.

POST /networks/people {identifier, behaviour, language, interested, name}; POST /networks/callbacks {lost, twice, late,
swapped, pace}; POST /networks/accounts/{id} {limits, per_minute, webhook, …}; GET /networks/actions, filtered by any
column of ``sandbox/networks/ledger.py``. The truth is the log: ``network_sent``, ``network_accepted``,
``network_declined``, ``network_delivered``, ``network_read``, ``network_answered``, ``network_written``,
``network_blocked``, ``network_opted_out``, ``network_opted_in``, ``network_callback``, ``network_request``.
"""

from sandbox.core import Core
from sandbox.http import Request, Response, reply
from sandbox.networks.ledger import Ledger
from sandbox.networks.people import People
from sandbox.networks.settings import Settings
from sandbox.providers import register


@register
class Networks:
    """The provider."""

    name = "networks"

    def __init__(self, core: Core) -> None:
        self._core = core
        self._people, self._ledger, self._settings = People(core), Ledger(core), Settings(core)

    async def start(self) -> None:
        for method, path, handler in (
            ("POST", "/networks/people", self._save_person),
            ("GET", "/networks/people/{identifier}", self._show_person),
            ("POST", "/networks/callbacks", self._set_callbacks),
            ("POST", "/networks/accounts/{id}", self._set_account),
            ("GET", "/networks/actions", self._list_actions),
        ):
            self._core.http.route(method, path, handler)

    def reset(self) -> None:
        """All is in the storage, which was cleared."""

    def stats(self) -> dict[str, object]:
        rows = self._core.storage.rows("SELECT channel, count(*) FROM network_deeds GROUP BY 1")
        return {"sent": dict(rows)}

    async def _save_person(self, request: Request) -> Response:
        return reply(vars(self._people.save(request.json())), 201)

    async def _show_person(self, request: Request) -> Response:
        return reply(vars(self._people.person(request.names["identifier"])))

    async def _set_callbacks(self, request: Request) -> Response:
        self._settings.set_callbacks(request.json())
        return reply({})

    async def _set_account(self, request: Request) -> Response:
        self._settings.set_account(request.names["id"], request.json())
        return reply({})

    async def _list_actions(self, request: Request) -> Response:
        return reply({"actions": self._ledger.search(**dict(request.query))})
