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
        "attempt-budgets": "would show attackers how far they are",
        "campaign-figure-entries": "internal to the figures: what is not folded in yet; analytics reads it too",
        "campaign-figure-recounts": "internal to the figures: campaigns that are counted anew; analytics says so",
        "campaign-figures": "read as the analytics of campaigns",
        "enrolment-milestones": "read as the analytics of campaigns",
        "billing-stripe-events": "LAD's own record of Stripe's events; the payment shows its status",
        "billing-ledger-anchors": "internal to the ledger audit",
        "billing-ledger-audits": "for LAD's staff; its findings name rows of all tenants",
        "billing-legacy-moves": "the result of a command of LAD's staff; the wallets show what was moved",
        "event-batches": "internal to the outbox: what a worker is running now",
        "event-deliveries": "internal to the outbox; the event shows whether it was processed",
        "feature-kill-switches": "for LAD's staff; /api/v1/features shows each tenant the result",
        "idempotency-keys": "internal to the API",
        "job-parts": "internal to jobs: the rows that a job has left; the job shows how many",
        "lead-file-rows": "internal to jobs: the rows of a file that wait; the job's failures name those left out",
        "suppression-lines": "internal to jobs: the lines of a list that wait; the job's failures name bad ones",
        "voice-call-batch-lines": "internal to jobs: people who wait to be added; the job's failures name others",
        "voice-call-analysis-requests": "internal to the workers: the calls that wait; the analysis shows the result",
        "voice-call-placements": "internal to the dialer: what was asked of a carrier; the call shows the result",
        "voice-carrier-reports": "internal to the dialer: the callbacks that were taken in",
        "voice-inbound-calls": "internal to carriers' callbacks; the log shows the call",
        "platform-roles": "for LAD's staff, who work in the admin",
        "lead-search-texts": "internal to the search; the leads show what is in it",
        "inbox-message-texts": "internal to the search; the messages show what is in it",
        "mail-deliveries": "for LAD's staff; it holds addresses of all tenants",
        "data-exports": "made in the admin; the activity feed and the audit log show them",
        "recovery-codes": "secrets; used by signing in",
        "second-factors": "secrets; set up and used in the admin",
        "refresh-tokens": "secrets; sign-out ends a session",
        "user-sessions": "shown by /me/sessions and /sessions, without those of other tenants",
    },
    EVERY_TENANT_READS: {
        "feature-kill-switches": "a switch applies to every tenant, and each must see why a feature is closed",
    },
    NOT_TENANT_FIRST: {
        "billing_number_prefixes_key": "finds the tenant of a prefix, of which a tenant has few",
        "billing_holds_due": "a task releases expired holds of all tenants, the oldest first",
        "billing_lots_expiring": "a task expires credit lots of all tenants",
        "billing_payments_due": "a task settles the payments of all tenants",
        "billing_payments_leased": "a task recovers payments whose worker died, in all tenants",
        "billing_payments_intent": "a refund or dispute names its payment before the tenant is known",
        "billing_payments_attention": "LAD's staff review the payments of all tenants",
        "billing_auto_topups_enabled": "a task checks the rules of all tenants",
        "billing_pricing_catalog_one_price": "an exclusion compares a hash of component and tenant",
        "billing_invoices_one_per_period": "an exclusion compares a hash of tenant and currency",
        "billing_invoices_unpaid": "a task marks overdue invoices of all tenants",
        "billing_usage_unsettled": "a task finds uncharged use of all tenants, the oldest first",
        "billing_usage_chargeable": "a task charges use of all tenants that is due, the longest waiting first",
        "billing_prices_component": "the price list is read by component, shared prices beside tenants' own",
        "audit_entries_row": "an id belongs to one tenant anyway, and the platform looks up rows of none",
        "audit_entries_bucket": "the same for entries of many rows",
        "event_deliveries_ready": "the drain works across tenants: it picks a consumer, then each tenant in turn",
        "event_deliveries_due": "the drain reads one consumer's due deliveries of all tenants",
        "event_deliveries_held": "the drain looks up deliveries held behind an aggregate, whose id is unique by itself",
        "channel_accounts_provider": "reports of providers name their account before the tenant is known",
        "provider_reports_waiting": "workers look for reports of all tenants that wait",
        "provider_reports_age": "a task forgets old reports of all tenants",
        "social_linkedin_provider": "reports of the gateway name their account before the tenant is known",
        "email_accounts_poll": "workers read the mailboxes of all tenants that are due",
        "messages_leased": "a worker recovers messages whose sender died, in all tenants",
        "messages_unknown": "a worker looks for interrupted messages of all tenants",
        "messages_copy_due": "a worker makes due copies of sent messages of all tenants",
        "messages_follow_up": "a worker passes on results of all tenants that dead senders have left",
        "reveals_leased": "a worker recovers reveals whose worker died, in all tenants",
        "reveals_waiting": "a worker ends reveals of all tenants whose number did not come",
        "directory_searches_fetched": "a task deletes old pages of all tenants",
        "lead_bookings_to_call": "a worker finds the bookings of all tenants whose time to call has come",
        "voice_recordings_due": "workers fetch recordings of all tenants, the longest waiting first",
        "voice_recordings_leased": "workers look for what another one left, of all tenants",
        "voice_recordings_erase": "workers erase recordings of all tenants, the oldest first",
        "voice_call_analysis_due": "workers analyse calls of all tenants that wait, the longest waiting first",
        "voice_call_analysis_leased": "a worker makes calls of all tenants due again whose worker died",
        "voice_placements_account": "an account of the platform carries calls of all tenants, which count together",
        "voice_placements_leased": "a worker recovers calls whose worker died, in all tenants",
        "voice_placements_look": "a worker looks up the calls of all tenants that are due",
        "voice_placements_hang_up": "a worker ends the calls of all tenants that somebody asked to end",
        "voice_inbound_calls_reference": "a carrier names its call before it is known whose it is",
        "jobs_queued": "workers claim due jobs across tenants, fairly by the time each tenant was served",
        "jobs_leased": "a worker recovers jobs whose worker died, in all tenants",
        "jobs_finished": "a task deletes old jobs of all tenants",
        "lead_search_texts_grams": "an index of numbers, each made of the tenant and a piece of text",
        "inbox_message_texts_words": "an index of numbers, each made of the tenant and a word",
        "inbox_conversations_snoozed": "a worker brings back conversations of all tenants whose snooze is over",
        "inbox_conversations_suggest": "a worker asks models about conversations of all tenants",
        "lead_bookings_one_follow_up": "an exclusion begins with a hash, of the tenant and the lead",
        "lead_bookings_slot": "an exclusion begins with a hash, of the tenant and the person",
        "memberships_user_tenant_key": "signing in finds a person's memberships before any tenant is known",
        "tenant_invitations_token_key": "a token is looked up before the tenant is known",
        "voice_call_logs_last": "a task looks for the failures of all tenants, the last ones first",
    },
    UNIQUE_WITHOUT_TENANT: {
        "billing_number_prefixes_key": "chosen by LAD's staff or random; its numbers are one tenant's for ever",
        "tenant_invitations_token_key": "the hash of 256 random bits reveals nothing about another tenant's row",
    },
    TENANT_OPTIONAL: {
        "audit-entries": "changes of users and of LAD's own tables belong to no tenant",
    },
    NO_KEY: {
        "campaign-figure-entries-tenant": "a deletion of the tenant writes entries after it is gone",
        "campaign-figure-recounts-tenant": "a deletion of the tenant asks for recounts after it is gone",
        "audit-entries-tenant": "the log outlives the rows it describes",
    },
    OWNER_POLICY: {
        "campaign-figure-entries": "a deletion that cascades runs the triggers as the owner",
        "campaign-figure-recounts": "a deletion that cascades runs the triggers as the owner",
        "audit-entries": "the trigger writes as the owner, and nobody else may write",
        "lead-search-texts": "the search reads and the trigger writes as the owner, so that the index can be used",
        "inbox-message-texts": "the search reads as the owner, so that the index can be used",
    },
}


def exempt(suite: str, name: str) -> bool:
    return name in EXEMPTIONS[suite]


def stale(suite: str, needed: set[str]) -> set[str]:
    """Entries of the suite that no longer excuse anything."""
    return set(EXEMPTIONS[suite]) - needed
