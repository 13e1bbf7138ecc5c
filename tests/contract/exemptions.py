"""Exemptions from the contract suites, each with its reason. An entry that is no longer needed fails a test."""

NO_FACTORY = "no factory"
NO_ADMIN = "no admin"
NO_API = "no API"
EVERY_TENANT_READS = "readable without a tenant"
NOT_TENANT_FIRST = "index does not lead with the tenant"
UNIQUE_WITHOUT_TENANT = "unique key without the tenant"
TENANT_OPTIONAL = "rows without a tenant that are not shared"
NO_KEY = "relation without a key in the database"
OWNER_POLICY = "policy for the owner"

# Suite → table or index → reason.
EXEMPTIONS: dict[str, dict[str, str]] = {
    NO_FACTORY: {},
    NO_ADMIN: {},
    NO_API: {
        "billing-stripe-events": "the platform's own bookkeeping of what Stripe told; a payment says how it stands",
        "billing-ledger-anchors": "what the platform's audit holds a wallet's chain against",
        "billing-ledger-audits": "the platform's; its findings name rows of all tenants",
        "billing-legacy-moves": "what a command of the platform found; the wallets say what came of it",
        "event-batches": "what a worker is doing this moment; the outbox's own bookkeeping",
        "event-deliveries": "the outbox's own bookkeeping; an event says whether it is processed",
        "feature-kill-switches": "the platform's; /api/v1/features tells each tenant what follows from them",
        "idempotency-keys": "the API's own bookkeeping",
        "mail-deliveries": "the platform's; it names addresses across tenants",
        "refresh-tokens": "secrets; sign-out ends a session",
        "sign-in-failures": "would tell guessers how they do",
    },
    EVERY_TENANT_READS: {
        "feature-kill-switches": "a switch holds for everybody, and whoever finds a feature closed must see why",
    },
    NOT_TENANT_FIRST: {
        "billing_holds_due": "the platform gives back what is due in all tenants, the oldest first",
        "billing_lots_expiring": "the platform takes out what has expired in all tenants",
        "billing_payments_due": "the platform sends and asks after the payments of all tenants",
        "billing_payments_leased": "the platform looks after the payments of senders that vanished",
        "billing_payments_intent": "a refund or dispute names its payment before the tenant is known",
        "billing_payments_attention": "the platform's staff look into the payments of all tenants",
        "billing_auto_topups_enabled": "the platform looks over the rules of all tenants",
        "billing_pricing_catalog_one_price": "an exclusion compares a hash of component and tenant",
        "billing_invoices_one_per_period": "an exclusion compares a hash of tenant and currency",
        "billing_invoices_unpaid": "the platform looks after unpaid invoices of all tenants",
        "billing_usage_unsettled": "the platform looks after uncharged use of all tenants, the oldest first",
        "billing_usage_chargeable": "the platform charges what is due in all tenants, what waited longest first",
        "billing_prices_component": "the price list stands by component, common prices beside those of tenants",
        "audit_entries_row": "an id belongs to one tenant anyway, and the platform looks up rows of none",
        "audit_entries_bucket": "the same for entries of many rows",
        "event_deliveries_ready": "the drain works across tenants: it picks a consumer, then each tenant in turn",
        "event_deliveries_due": "the drain asks for one consumer's due deliveries of all tenants",
        "event_deliveries_held": "the drain asks for what is held behind an aggregate, whose id is unique by itself",
        "domain_events_unprocessed": "the platform sweeps unprocessed events of all tenants, oldest first",
        "lead_bookings_one_follow_up": "an exclusion begins with a hash, of the tenant and the lead",
        "lead_bookings_slot": "an exclusion begins with a hash, of the tenant and the person",
        "memberships_user_tenant_key": "signing in finds a person's memberships before any tenant is known",
        "tenant_invitations_token_key": "a token is looked up before the tenant is known",
    },
    UNIQUE_WITHOUT_TENANT: {
        "tenant_invitations_token_key": "the hash of 256 random bits tells nobody of another tenant's row",
    },
    TENANT_OPTIONAL: {
        "audit-entries": "what happens to users and to the platform's own tables belongs to no tenant",
    },
    NO_KEY: {
        "audit-entries-tenant": "the log outlives what it tells of",
    },
    OWNER_POLICY: {
        "audit-entries": "the trigger writes as the owner, and nobody else may write",
    },
}


def exempt(suite: str, name: str) -> bool:
    return name in EXEMPTIONS[suite]


def stale(suite: str, needed: set[str]) -> set[str]:
    """Entries of the suite that no longer excuse anything."""
    return set(EXEMPTIONS[suite]) - needed
