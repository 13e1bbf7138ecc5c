"""The trigger function that writes the audit log, and the constraint that lets nobody else write it.

After every statement it compares the rows before and after. Up to ``FEW_ROWS`` rows give one entry
each. A bigger statement is first asked which columns changed at all; only those are compared row by
row, and the rows are packed into entries of about ``ROWS_PER_ENTRY``: the values of a column side by
side, or once where they are the same for all. docs/decisions/0005-audit-log.md says why and what it costs.

A packed statement is divided into a power of two of buckets by the low bits of the rows' keys, and an
entry's ``bucket`` is that power plus those bits, so that ``possible_buckets`` finds a row's entries.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from lad.db.constraints import SqlConstraint
from lad.db.fields import SECRET_MASK

FEW_ROWS: Final = 100
ROWS_PER_ENTRY: Final = 1000
MOST_BUCKET_BITS: Final = 16


def possible_buckets(row_id: UUID) -> list[int]:
    """The bucket of the row in a statement of each possible size."""
    return [(1 << bits) + (row_id.int & ((1 << bits) - 1)) for bits in range(MOST_BUCKET_BITS + 1)]


class WrittenByTrigger(SqlConstraint):
    """Row-level security binds the tables' owner too; this lets the trigger function, which runs as the owner, insert.

    ``uncompressed`` columns are stored as they come: compressing them costs more than writing them.
    """

    arguments = ("uncompressed",)

    def __init__(self, *, name: str, uncompressed: Sequence[str] = (), **kwargs: Any) -> None:
        self.uncompressed = tuple(uncompressed)
        super().__init__(name=name, **kwargs)

    def statement(self, model: Any, schema_editor: Any) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        columns = [schema_editor.quote_name(name) for name in self.uncompressed]
        storage = [f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL" for column in columns]
        policy = f'CREATE POLICY "trigger" ON {table} FOR INSERT TO CURRENT_USER WITH CHECK (true)'
        return "; ".join([policy, *storage])

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        return f'DROP POLICY IF EXISTS "trigger" ON {schema_editor.quote_name(model._meta.db_table)}'


# UUIDv7; PostgreSQL makes it by itself from version 18 on.
_ENTRY_ID = """
CREATE OR REPLACE FUNCTION lad_time_ordered_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(set_bit(set_bit(overlay(
        uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6
    ), 52, 1), 53, 1), 'hex')::uuid
$$;
"""

# A soft deletion and its restore are updates to the database, but not to people.
_ACTION = """
CREATE OR REPLACE FUNCTION lad_audit_action(operation text, changes jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN operation = 'INSERT' THEN 'created'
        WHEN operation = 'DELETE' OR changes #> '{deleted_at,0}' = 'null' THEN 'deleted'
        WHEN changes #> '{deleted_at,1}' = 'null' THEN 'restored'
        ELSE 'updated' END
$$;
"""

# The key says nothing that row_id does not, and updated_at follows every change.
_COLUMNS = """
CREATE OR REPLACE FUNCTION lad_audited_columns(relation oid) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
          AND attname NOT IN ('id', 'updated_at')
$$;
"""

_ROW_CHANGES = f"""
CREATE OR REPLACE FUNCTION lad_row_changes(old_row jsonb, new_row jsonb, columns text[], secrets text[])
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(name, CASE WHEN name = ANY (secrets)
        THEN jsonb_build_array(CASE WHEN before IN ('null', '""') THEN before ELSE '"{SECRET_MASK}"' END,
                               CASE WHEN after IN ('null', '""') THEN after ELSE '"{SECRET_MASK}"' END)
        ELSE jsonb_build_array(before, after) END)
    FROM (SELECT name, COALESCE(old_row -> name, 'null') AS before, COALESCE(new_row -> name, 'null') AS after
          FROM unnest(columns) AS name) AS pairs
    WHERE before <> after
$$;
"""

_DIFFERS = """
CREATE OR REPLACE FUNCTION lad_differs(columns text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(format('o.%1$I IS DISTINCT FROM n.%1$I', name), ' OR ') FROM unnest(columns) AS name
$$;
"""

_CHANGE_QUERY = """
CREATE OR REPLACE FUNCTION lad_change_query(columns text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('SELECT array_remove(ARRAY[%s], NULL) FROM old_rows o JOIN new_rows n USING (id)',
                  string_agg(format('CASE WHEN bool_or(%s) THEN %L END', lad_differs(ARRAY[name]), name), ', '))
    FROM unnest(columns) AS name
$$;
"""

# What of a column may be shown, in a type an array can hold; an unchanged secret shows nothing.
_PACKED_SIDE = f"""
CREATE OR REPLACE FUNCTION lad_packed_side(side text, operation text, name text, secret boolean, is_array boolean)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format(CASE
        WHEN operation = CASE side WHEN 'o' THEN 'INSERT' ELSE 'DELETE' END THEN 'NULL::text[]'
        WHEN secret THEN 'array_agg(CASE'
            || CASE operation WHEN 'UPDATE' THEN ' WHEN o.%2$I = n.%2$I THEN NULL' ELSE '' END
            || ' WHEN %1$s.%2$I::text <> '''' THEN ''{SECRET_MASK}'' ELSE %1$s.%2$I::text END)'
        WHEN is_array THEN 'array_agg(to_jsonb(%1$s.%2$I))'
        ELSE 'array_agg(%1$s.%2$I)' END, side, name)
$$;
"""

_SAME_FOR_ALL = """
CREATE OR REPLACE FUNCTION lad_same_for_all(operation text, name text, secret boolean)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format(CASE WHEN secret THEN 'false' ELSE 'bool_and(' || concat_ws(' AND ',
        CASE WHEN operation <> 'INSERT' THEN 'o.%1$I IS NOT DISTINCT FROM (SELECT %1$I FROM old_rows LIMIT 1)' END,
        CASE WHEN operation <> 'DELETE' THEN 'n.%1$I IS NOT DISTINCT FROM (SELECT %1$I FROM new_rows LIMIT 1)' END
    ) || ')' END, name)
$$;
"""

_BUCKET = f"""
CREATE OR REPLACE FUNCTION lad_bucket(key text, is_uuid boolean, total bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format(CASE WHEN is_uuid
        THEN '%1$s + ((get_byte(uuid_send(%2$s), 14) << 8 | get_byte(uuid_send(%2$s), 15)) & %3$s)'
        ELSE '%1$s + (%2$s & %3$s)::integer' END, size, key, size - 1)
    FROM (SELECT LEAST({MOST_BUCKET_BITS}, GREATEST(0, ceil(log(2, total / {ROWS_PER_ENTRY}.0)))) AS bits) AS b,
         LATERAL (SELECT 1 << bits::integer AS size) AS s
$$;
"""

# Returns the query that writes a big statement's entries and says whether it could: an update whose rows turn out
# to differ in other columns than the given ones, or to have no counterpart, is left unwritten.
_PACKING_QUERY = """
CREATE OR REPLACE FUNCTION lad_packing_query(
    relation regclass, operation text, tenant_column text, columns text[], others text[], secrets text[], total bigint
) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    side text := CASE operation WHEN 'DELETE' THEN 'o' ELSE 'n' END;
    source text := CASE operation WHEN 'INSERT' THEN 'new_rows n' WHEN 'DELETE' THEN 'old_rows o'
                   ELSE 'old_rows o FULL JOIN new_rows n ON o.id = n.id' END;
    unexpected text := 'false';
    told text := 'true';
    tenant text := 'NULL::uuid';
    is_uuid boolean;
    aggregates text;
    packed text;
BEGIN
    SELECT atttypid = 'uuid'::regtype INTO STRICT is_uuid
    FROM pg_attribute WHERE attrelid = relation AND attname = 'id';
    -- A row that moved between tenants is told to neither: its values were the one's and are the other's.
    IF tenant_column <> '' THEN
        tenant := format(CASE WHEN operation = 'UPDATE' AND tenant_column = ANY (columns)
                         THEN 'CASE WHEN o.%1$I = n.%1$I THEN n.%1$I END' ELSE side || '.%1$I' END, tenant_column);
    END IF;
    IF operation = 'UPDATE' THEN
        unexpected := concat_ws(' OR ', lad_differs(others), 'o.id IS NULL OR n.id IS NULL');
        told := concat_ws(' OR ', lad_differs(columns), unexpected);
    END IF;
    SELECT string_agg(format('%2$s AS o%1$s, %3$s AS n%1$s, %4$s AS same%1$s', place,
               lad_packed_side('o', operation, name, secret, is_array),
               lad_packed_side('n', operation, name, secret, is_array),
               lad_same_for_all(operation, name, secret)), ', '),
           string_agg(format('(%1$L, CASE WHEN same%2$s THEN jsonb_build_array(o%2$s[1], n%2$s[1]) END,'
               ' CASE WHEN NOT same%2$s THEN jsonb_build_array(to_jsonb(o%2$s), to_jsonb(n%2$s)) END)',
               name, place), ', ')
    INTO aggregates, packed
    FROM (SELECT name, place, name = ANY (secrets) AS secret, typcategory = 'A' AS is_array
          FROM unnest(columns) WITH ORDINALITY AS listed(name, place)
          JOIN pg_attribute ON attrelid = relation AND attname = name
          JOIN pg_type ON pg_type.oid = atttypid) AS described;
    RETURN format('
        WITH packed AS MATERIALIZED (
            SELECT %s AS tenant, %s AS bucket, array_agg(%s) AS keys, bool_or(%s) AS unexpected, %s
            FROM %s WHERE %s GROUP BY 1, 2
        ), written AS (
            INSERT INTO audit_entries (id, tenant_id, table_name, action, row_ids, bucket, row_count,
                                       changes, row_changes, actor_id, request_id, source, login)
            SELECT lad_time_ordered_id(), tenant, $1, lad_audit_action($2, changes), keys, bucket, cardinality(keys),
                   changes, row_changes, $3, $4, $5, $6
            FROM packed,
            LATERAL (SELECT COALESCE(jsonb_object_agg(name, common) FILTER (WHERE common -> 0 <> common -> 1), ''{}'')
                                AS changes,
                            jsonb_object_agg(name, each_row) FILTER (WHERE each_row IS NOT NULL) AS row_changes
                     FROM (VALUES %s) AS by_column (name, common, each_row)) AS told
            WHERE NOT EXISTS (SELECT FROM packed WHERE unexpected)
        ) SELECT COALESCE(NOT bool_or(unexpected), true) FROM packed',
        tenant, lad_bucket(side || '.id', is_uuid, total),
        CASE WHEN is_uuid THEN side || '.id' ELSE 'lpad(to_hex(' || side || '.id), 32, ''0'')::uuid' END,
        unexpected, aggregates, source, told, packed);
END $$;
"""

_AUDIT = f"""
CREATE OR REPLACE FUNCTION lad_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
-- An audited table may have columns named like the variables below.
#variable_conflict use_variable
DECLARE
    -- What the trigger was made with: the column that names the tenant, then the columns to mask.
    tenant_column text := TG_ARGV[0];
    secrets text[] := TG_ARGV[1:];
    columns text[] := lad_audited_columns(TG_RELID);
    actor uuid := NULLIF(current_setting('lad.user_id', true), '')::uuid;
    request text := left(COALESCE(current_setting('lad.request_id', true), ''), 64);
    origin text := left(COALESCE(NULLIF(current_setting('lad.source', true), ''), 'sql'), 100);
    total bigint;
    changed text[];
    others text[];
    written boolean := false;
    old_rows_told jsonb[];
    new_rows_told jsonb[];
BEGIN
    IF TG_OP = 'DELETE' THEN SELECT count(*) INTO total FROM old_rows;
    ELSE SELECT count(*) INTO total FROM new_rows; END IF;
    IF total = 0 THEN RETURN NULL; END IF;
    -- The entry has the tenant, and the moment.
    IF TG_OP <> 'UPDATE' THEN columns := array_remove(array_remove(columns, 'created_at'), tenant_column); END IF;

    IF total > {FEW_ROWS} THEN
        IF TG_OP = 'UPDATE' THEN
            -- The first row nearly always shows which columns the statement changes; packing proves it or says no.
            SELECT array_agg(name) INTO changed
            FROM (SELECT to_jsonb(o) AS o FROM old_rows o LIMIT 1) AS before,
                 (SELECT to_jsonb(n) AS n FROM new_rows n LIMIT 1) AS after, unnest(columns) AS name
            WHERE o -> 'id' = n -> 'id' AND o -> name <> n -> name;
        ELSE
            changed := columns;
        END IF;
        FOR attempt IN 1..2 LOOP
            IF cardinality(changed) > 0 THEN
                SELECT array_agg(name) INTO others FROM unnest(columns) AS name WHERE name <> ALL (changed);
                EXECUTE lad_packing_query(TG_RELID, TG_OP, tenant_column, changed, others, secrets, total)
                INTO written USING TG_TABLE_NAME, TG_OP, actor, request, origin, session_user;
            END IF;
            EXIT WHEN written OR attempt = 2;
            EXECUTE lad_change_query(columns) INTO changed;
        END LOOP;
        IF written THEN RETURN NULL; END IF;
        IF cardinality(changed) = 0
           AND NOT EXISTS (SELECT FROM new_rows n WHERE NOT EXISTS (SELECT FROM old_rows o WHERE o.id = n.id)) THEN
            RETURN NULL;
        END IF;
    END IF;

    -- Few rows, or rows whose keys were changed, which no entry may hide.
    IF TG_OP = 'INSERT' THEN
        SELECT array_fill(NULL::jsonb, ARRAY[total::integer]), array_agg(to_jsonb(n))
        INTO old_rows_told, new_rows_told FROM new_rows n;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(to_jsonb(o)), array_fill(NULL::jsonb, ARRAY[total::integer])
        INTO old_rows_told, new_rows_told FROM old_rows o;
    ELSE
        SELECT array_agg(to_jsonb(o)), array_agg(to_jsonb(n))
        INTO old_rows_told, new_rows_told FROM old_rows o FULL JOIN new_rows n ON o.id = n.id
        WHERE o IS DISTINCT FROM n;
    END IF;
    INSERT INTO audit_entries (id, tenant_id, table_name, action, row_id, row_count, changes,
                               actor_id, request_id, source, login)
    SELECT lad_time_ordered_id(),
           CASE WHEN o IS NULL THEN n ->> tenant_column WHEN n IS NULL THEN o ->> tenant_column
                WHEN o ->> tenant_column = n ->> tenant_column THEN n ->> tenant_column END::uuid,
           TG_TABLE_NAME,
           lad_audit_action(CASE WHEN o IS NULL THEN 'INSERT' WHEN n IS NULL THEN 'DELETE' ELSE 'UPDATE' END, changes),
           CASE jsonb_typeof(key) WHEN 'number' THEN lpad(to_hex((key #>> '{{}}')::bigint), 32, '0')
                ELSE key #>> '{{}}' END::uuid,
           1, COALESCE(changes, '{{}}'), actor, request, origin, session_user
    FROM (SELECT o, n, COALESCE(n, o) -> 'id' AS key, lad_row_changes(o, n, columns, secrets) AS changes
          FROM unnest(old_rows_told, new_rows_told) AS told (o, n)) AS compared
    WHERE changes IS NOT NULL OR o IS NULL OR n IS NULL;
    RETURN NULL;
END $$;
"""

# The key of a row that belongs to another moment than now.
_ID_AT = """
CREATE OR REPLACE FUNCTION lad_time_ordered_id(moment timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(set_bit(set_bit(overlay(
        uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM moment) * 1000)::bigint) FROM 3) FROM 1 FOR 6
    ), 52, 1), 53, 1), 'hex')::uuid
$$;
"""

# The audit of one row, of a table that is logged only when chosen columns change.
_AUDIT_ROW = """
CREATE OR REPLACE FUNCTION lad_audit_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    changes jsonb := lad_row_changes(to_jsonb(OLD), to_jsonb(NEW), lad_audited_columns(TG_RELID), TG_ARGV[1:]);
BEGIN
    INSERT INTO audit_entries (id, tenant_id, table_name, action, row_id, row_count, changes,
                               actor_id, request_id, source, login)
    VALUES (lad_time_ordered_id(), (to_jsonb(NEW) ->> TG_ARGV[0])::uuid, TG_TABLE_NAME,
            lad_audit_action('UPDATE', changes), NEW.id, 1, changes,
            NULLIF(current_setting('lad.user_id', true), '')::uuid,
            left(COALESCE(current_setting('lad.request_id', true), ''), 64),
            left(COALESCE(NULLIF(current_setting('lad.source', true), ''), 'sql'), 100), session_user);
    RETURN NULL;
END $$;
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION lad_audit_row() SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE ALL ON FUNCTION lad_audit_row() FROM PUBLIC;
"""

# A name found first in somebody's temporary schema would write the log elsewhere; and whoever may use the
# function in a trigger of their own could write what never happened.
_PROTECT = """
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION lad_audit() SET search_path = %I, pg_temp', current_schema());
END $$;
ALTER FUNCTION lad_audit() SET work_mem = '64MB';
REVOKE ALL ON FUNCTION lad_audit() FROM PUBLIC;
"""

INSTALL: Final = "".join(
    (
        _ENTRY_ID,
        _ACTION,
        _COLUMNS,
        _ROW_CHANGES,
        _DIFFERS,
        _CHANGE_QUERY,
        _PACKED_SIDE,
        _SAME_FOR_ALL,
        _BUCKET,
        _PACKING_QUERY,
    )
) + (_AUDIT + _PROTECT)

INSTALL_ROW: Final = _ID_AT + _AUDIT_ROW
REMOVE_ROW: Final = "DROP FUNCTION IF EXISTS lad_audit_row(), lad_time_ordered_id(timestamptz);"

REMOVE: Final = """
DROP FUNCTION IF EXISTS lad_audit(), lad_packing_query(regclass, text, text, text[], text[], text[], bigint),
    lad_bucket(text, boolean, bigint), lad_same_for_all(text, text, boolean),
    lad_packed_side(text, text, text, boolean, boolean), lad_change_query(text[]), lad_differs(text[]),
    lad_row_changes(jsonb, jsonb, text[], text[]), lad_audited_columns(oid), lad_audit_action(text, jsonb),
    lad_time_ordered_id();
"""
