-- Return every setting that applies to a user's features, as JSON: [key, source, on, config, reason].
-- Flags that expired by the given moment are left out. Without a user, flags of single users are left out too.

CREATE OR REPLACE FUNCTION tenants_feature_settings(tenant_key uuid, user_key uuid, moment timestamptz)
RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT COALESCE(
            json_agg(json_build_array(s.feature_key, s.source, s.enabled, s.config, s.reason)), '[]'::json
        )
        FROM (
            SELECT k.feature_key, 'kill_switch' AS source, false AS enabled, '{}'::jsonb AS config, k.reason
            FROM feature_kill_switches k WHERE k.is_active
            UNION ALL
            SELECT f.feature_key, CASE WHEN f.user_id IS NULL THEN 'tenant_flag' ELSE 'user_flag' END,
                   f.is_enabled, f.config, ''
            FROM feature_flags f
            WHERE f.tenant_id = tenant_key AND (f.user_id IS NULL OR f.user_id = user_key)
              AND (f.expires_at IS NULL OR f.expires_at > moment)
            UNION ALL
            SELECT t.feature_key, 'tenant_feature', t.enabled, t.config, ''
            FROM tenant_features t WHERE t.tenant_id = tenant_key
        ) s
    );
END $$;
