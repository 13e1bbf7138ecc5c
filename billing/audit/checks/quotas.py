"""Rules about quotas: never exceeded, and counted exactly."""

from typing import Final

from billing.audit.checks.rules import Rule

WINDOWS: Final = "billing_entitlement_usage"

EXCEEDED: Final = Rule(
    "I11",
    "Use exceeds a hard quota",
    WINDOWS,
    """
    SELECT tenant_id, id, entitlement_id, "window", window_start, used, quota FROM billing_entitlement_usage
    WHERE (used >= 0 AND (quota IS NULL OR used <= quota)) IS NOT TRUE
    """,
)

# Quotas count use when it is recorded, on a day of the tenant's time zone at that time, which the event keeps. Older
# events have none: of a tenant that changed its time zone only the sum over all its windows can be compared.
COUNTED: Final = Rule(
    "I11",
    "The use that a quota counted does not match the usage events",
    WINDOWS,
    """
    WITH moved AS MATERIALIZED (
        SELECT tenant.id FROM tenants AS tenant
        WHERE tenant.id IN (SELECT tenant_id FROM billing_usage_events WHERE quota_units <> 0 AND quota_day IS NULL)
          AND EXISTS (
            SELECT FROM audit_entries AS entry
            WHERE (entry.row_id = tenant.id
                   OR entry.table_name = 'tenants' AND entry.bucket IS NOT NULL AND tenant.id = ANY (entry.row_ids))
                  AND entry.table_name = 'tenants' AND entry.action = 'updated'
                  AND (entry.changes ? 'timezone' OR entry.row_changes ? 'timezone'))
    ), recorded AS (
        SELECT event.tenant_id, terms.id AS entitlement_id,
               COALESCE(NULLIF(event.quota_unit, ''), terms.quota_unit, '') AS unit,
               counted.day, COALESCE(event.quota_month, date_trunc('month', counted.day)::date) AS month,
               sum(event.quota_units) AS units
        FROM billing_usage_events AS event
        JOIN tenants AS tenant ON tenant.id = event.tenant_id
        CROSS JOIN LATERAL (
            SELECT COALESCE(event.quota_day, (event.created_at AT TIME ZONE tenant.timezone)::date) AS day
        ) AS counted
        LEFT JOIN billing_feature_entitlements AS terms
             ON terms.tenant_id = event.tenant_id AND terms.feature_key = event.feature_key
        WHERE event.quota_units <> 0 AND event.status <> 'voided' GROUP BY 1, 2, 3, 4, 5
    ), due AS (
        SELECT tenant_id, entitlement_id, unit, "window",
               CASE WHEN tenant_id NOT IN (SELECT id FROM moved) THEN begins END AS begins, sum(units) AS units
        FROM recorded CROSS JOIN LATERAL (
            VALUES ('day', day), ('month', month)) AS windows ("window", begins)
        GROUP BY 1, 2, 3, 4, 5
    ), counted AS (
        SELECT tenant_id, entitlement_id, quota_unit AS unit, "window",
               CASE WHEN tenant_id NOT IN (SELECT id FROM moved) THEN window_start END AS begins,
               sum(used) AS used, min(id::text) AS id
        FROM billing_entitlement_usage GROUP BY 1, 2, 3, 4, 5
    )
    SELECT COALESCE(counted.tenant_id, due.tenant_id) AS tenant_id,
           COALESCE(counted.id, due.entitlement_id::text) AS id,
           COALESCE(counted.entitlement_id, due.entitlement_id) AS entitlement_id,
           COALESCE(counted.unit, due.unit) AS unit,
           COALESCE(counted."window", due."window") AS "window", COALESCE(counted.begins, due.begins) AS begins,
           counted.used, due.units AS recorded
    FROM counted FULL JOIN due
         ON due.tenant_id = counted.tenant_id AND due.entitlement_id = counted.entitlement_id
            AND due.unit = counted.unit AND due."window" = counted."window"
            AND COALESCE(due.begins, '-infinity') = COALESCE(counted.begins, '-infinity')
    WHERE (COALESCE(counted.used, 0) = COALESCE(due.units, 0)) IS NOT TRUE
    """,
)

RULES: Final = (EXCEEDED, COUNTED)
