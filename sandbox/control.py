"""The control port: questions about the log, and orders to clock and faults. Providers add routes of their own."""

from typing import Final

from sandbox.core import Core
from sandbox.http import Problem, Request, Response, reply
from sandbox.providers import Provider

DEFAULT_LIMIT: Final = 1000
MAX_LIMIT: Final = 100_000
LOG_PARAMETERS: Final = {"since", "kind", "limit"}


class Control:
    """Requests about the whole sandbox."""

    def __init__(self, core: Core, providers: list[Provider]) -> None:
        self._core = core
        self._providers = providers
        for method, path, handler in (
            ("GET", "/", self._show),
            ("GET", "/stats", self._stats),
            ("GET", "/log", self._read_log),
            ("GET", "/clock", self._show_clock),
            ("POST", "/clock", self._set_clock),
            ("GET", "/faults", self._list_faults),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("DELETE", "/faults/{id}", self._remove_fault),
            ("POST", "/reset", self._reset),
            ("GET", "/certificate", self._certificate),
        ):
            core.http.route(method, path, handler)

    async def _show(self, request: Request) -> Response:
        return reply(
            {
                "sandbox": "LAD",
                "seed": self._core.seed,
                "ports": self._core.ports.numbers,
                "providers": [provider.name for provider in self._providers],
            }
        )

    async def _stats(self, request: Request) -> Response:
        """Count log entries by kind, planned actions, and what each provider counts."""
        return reply(
            {
                "log": self._core.log.counts,
                "last": self._core.log.number,
                "pending": self._core.schedule.pending(),
                "clock": self._core.clock.moment(),
                **{provider.name: provider.stats() for provider in self._providers},
            }
        )

    async def _read_log(self, request: Request) -> Response:
        """List entries after ``since``: ``kind`` may name several, other parameters must equal the fact they name."""
        query = dict(request.query)
        kinds = {kind for kind in query.get("kind", "").split(",") if kind}
        matching = {name: value for name, value in query.items() if name not in LOG_PARAMETERS}
        limit = min(int(query.get("limit", DEFAULT_LIMIT)), MAX_LIMIT)
        found = self._core.log.read(since=int(query.get("since", 0)), kinds=kinds, matching=matching, limit=limit)
        return reply({"entries": list(found), "last": self._core.log.number})

    async def _show_clock(self, request: Request) -> Response:
        clock = self._core.clock
        return reply({"now": clock.moment(), "speed": clock.speed, "haste": self._core.schedule.haste})

    async def _set_clock(self, request: Request) -> Response:
        """Set ``speed``, ``haste`` or ``now``; ``advance`` by seconds, or ``until: idle``; run what becomes due."""
        values = request.json()
        clock, schedule, done = self._core.clock, self._core.schedule, 0
        if "speed" in values:
            clock.run_at(float(values["speed"]))
        if "haste" in values:
            if float(values["haste"]) <= 0:
                raise Problem(400, "The haste must be positive.")
            schedule.haste = float(values["haste"])
        if "now" in values:
            clock.jump(float(values["now"]))
        if "advance" in values:
            done += await schedule.advance(float(values["advance"]))
        if values.get("until") == "idle":
            done += await schedule.run_until_idle()
        self._core.keep_clock()
        schedule.wake()
        return reply({"now": clock.moment(), "speed": clock.speed, "haste": schedule.haste, "done": done})

    async def _list_faults(self, request: Request) -> Response:
        return reply({"faults": self._core.faults.as_json()})

    async def _add_fault(self, request: Request) -> Response:
        return reply({"id": self._core.faults.add(request.json()).id}, 201)

    async def _remove_fault(self, request: Request) -> Response:
        if not self._core.faults.remove(int(request.names["id"])):
            raise Problem(404, "There is no such fault.")
        return reply({})

    async def _clear_faults(self, request: Request) -> Response:
        self._core.faults.clear()
        return reply({})

    async def _reset(self, request: Request) -> Response:
        """Forget messages, mailboxes, people, faults and the log. Ports stay."""
        self._core.reset()
        for provider in self._providers:
            provider.reset()
        return reply({})

    async def _certificate(self, request: Request) -> Response:
        """Return the certificate that TLS clients must trust."""
        return Response(self._core.certificate.path.read_bytes(), content_type="application/x-pem-file")
