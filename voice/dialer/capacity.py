"""How many more calls may begin: of a tenant, an agent, a batch and a carrier account.

Open placements are counted under advisory locks, which the transaction that claims calls keeps until it has committed
them. So two claims never share what is left, in one tenant or through one account of the platform.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Final, NamedTuple
from uuid import UUID

from lad.db.columns import Columns
from lad.db.queries import results, rows
from lad.tenancy.context import current_tenant_id, read_across_tenants
from voice.batches.models import CallBatch
from voice.dialer.models import DialingPolicy

NO_LIMIT: Final = 1_000_000
# No call lasts longer. One that came in before and is still open lost its end.
LONGEST_CALL: Final = timedelta(hours=6)
POLICY: Final = Columns(DialingPolicy, "policy")
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
OPEN: Final = """
SELECT agent_id, batch_id, count(*) FROM voice_call_placements
WHERE tenant_id = %s AND state IN ('placing', 'placed', 'unknown') GROUP BY agent_id, batch_id
"""
INBOUND: Final = """
SELECT agent_id, to_country_code || repeat('0', to_leading_zeros) || to_base_number FROM voice_call_logs
WHERE tenant_id = %s AND direction = 'inbound' AND created_at > %s AND status IN ('pending', 'ringing', 'ongoing')
"""
LIMITS: Final = """
SELECT id, max_concurrent FROM voice_agents
WHERE tenant_id = %s AND max_concurrent IS NOT NULL AND deleted_at IS NULL
"""
# Accounts with a limit that the tenant may call through.
ACCOUNTS: Final = """
SELECT id, max_concurrent, inbound_reserve FROM carrier_accounts
WHERE (tenant_id = %s OR tenant_id IS NULL) AND max_concurrent IS NOT NULL AND deleted_at IS NULL
    AND id IN (SELECT carrier_account_id FROM voice_agent_numbers
        WHERE tenant_id = %s AND status = 'active' AND deleted_at IS NULL)
ORDER BY id
"""
OPEN_OF_ACCOUNTS: Final = """
SELECT carrier_account_id, count(*) FROM voice_call_placements
WHERE carrier_account_id = ANY(%s) AND state IN ('placing', 'placed', 'unknown') GROUP BY carrier_account_id
"""
INBOUND_OF_ACCOUNTS: Final = """
SELECT number.carrier_account_id, count(*) FROM voice_agent_numbers number
JOIN voice_call_logs call ON call.tenant_id = number.tenant_id AND call.from_number_id = number.id
WHERE number.carrier_account_id = ANY(%s) AND call.direction = 'inbound' AND call.created_at > %s
    AND call.status IN ('pending', 'ringing', 'ongoing')
GROUP BY number.carrier_account_id
"""


def outbound_room(most: int, reserve: int, *, outbound: int, inbound: int) -> int:
    """Return how many more calls may be made where ``most`` run at once and some are kept for calls that come in."""
    return max(min(most - reserve - outbound, most - outbound - inbound), 0)


class Account(NamedTuple):
    """A carrier account that takes so many calls at once."""

    id: UUID
    max_concurrent: int
    inbound_reserve: int


@dataclass(slots=True)
class Room:
    """How many more calls the tenant may make, by its rules of dialling. ``take`` uses some up."""

    policy: DialingPolicy
    tenant: int
    agents: Counter[int | None] = field(default_factory=Counter)
    batches: Counter[UUID | None] = field(default_factory=Counter)
    accounts: dict[UUID, int] = field(default_factory=dict)
    # How many calls each agent makes at once; an agent that is not named has no limit of its own.
    limits: dict[int, int] = field(default_factory=dict)
    # Who is on the telephone with the tenant right now, having called.
    callers: frozenset[str] = frozenset()

    @property
    def full_agents(self) -> list[int]:
        """Return the agents that can make no further call."""
        return [agent_id for agent_id in self.limits if self.of_agent(agent_id) <= 0]

    def of_agent(self, agent_id: int | None) -> int:
        limit = self.limits.get(agent_id) if agent_id is not None else None
        return NO_LIMIT if limit is None else limit - self.agents[agent_id]

    def of_batch(self, batch: CallBatch) -> int:
        """Return how many more calls a batch may make."""
        own = NO_LIMIT if batch.max_concurrent is None else batch.max_concurrent - self.batches[batch.pk]
        return max(min(own, self.of_agent(batch.agent_id)), 0)

    def admits(self, agent_id: int | None, batch: CallBatch | None) -> bool:
        """Return whether one more call may be made."""
        return self.tenant > 0 and (self.of_agent(agent_id) if batch is None else self.of_batch(batch)) > 0

    def take(self, agent_id: int | None, batch_id: UUID | None) -> None:
        self.tenant -= 1
        self.agents[agent_id] += 1
        self.batches[batch_id] += 1

    def give_back(self, agent_id: int | None, batch_id: UUID | None) -> None:
        self.tenant += 1
        self.agents[agent_id] -= 1
        self.batches[batch_id] -= 1


def measure(*, now: datetime, wait: bool) -> Room | None:
    """Return the current tenant's rules and room, which nobody else uses until the transaction ends.

    Without ``wait``, returns None if another claim of the tenant is under way.
    """
    tenant_id = current_tenant_id()
    lock = (LOCK if wait else TRY_LOCK, [f"dialer {tenant_id}"])
    [[locked]], limited, rules = results([lock, (ACCOUNTS, [tenant_id, tenant_id]), (_read_policy(), [tenant_id])])
    if locked is False:
        return None
    policy = POLICY.row(rules[0]) if rules else DialingPolicy(tenant_id=tenant_id)
    accounts = [Account(*row) for row in limited]
    for account in accounts:
        # In the order of their keys, so that two claims never wait for each other.
        rows(LOCK, [f"dialer account {account.id}"])
    opened, inbound, limits = results(
        [(OPEN, [tenant_id]), (INBOUND, [tenant_id, now - LONGEST_CALL]), (LIMITS, [tenant_id])]
    )
    agents: Counter[int | None] = Counter()
    batches: Counter[UUID | None] = Counter()
    for agent_id, batch_id, number in opened:
        agents[agent_id] += number
        batches[batch_id] += number
    outbound = agents.total()
    agents.update(agent_id for agent_id, _caller in inbound)
    return Room(
        policy=policy,
        tenant=outbound_room(policy.max_concurrent, policy.inbound_reserve, outbound=outbound, inbound=len(inbound)),
        agents=agents,
        batches=batches,
        accounts=_room_of(accounts, now),
        limits=dict(limits),
        callers=frozenset(caller for _agent_id, caller in inbound),
    )


@cache
def _read_policy() -> str:
    return f"SELECT {POLICY} FROM voice_dialing_policies policy WHERE tenant_id = %s"


def _room_of(accounts: Iterable[Account], now: datetime) -> dict[UUID, int]:
    """Return the room of accounts. Calls of every tenant count."""
    found = {account.id: account for account in accounts}
    if not found:
        return {}
    keys = list(found)
    outbound = dict(read_across_tenants(OPEN_OF_ACCOUNTS, [keys]))
    inbound = dict(read_across_tenants(INBOUND_OF_ACCOUNTS, [keys, now - LONGEST_CALL]))
    return {
        key: outbound_room(
            account.max_concurrent,
            account.inbound_reserve,
            outbound=outbound.get(key, 0),
            inbound=inbound.get(key, 0),
        )
        for key, account in found.items()
    }
