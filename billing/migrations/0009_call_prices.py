from django.db import migrations

# What a fresh installation charges for calls, in US dollars. What the price list does not name is given away, so a
# fresh installation names every component. A component that has a common price already, of whatever period, keeps what
# was decided about it. Policies let the platform's role change every row.
LIST = """
SET LOCAL ROLE lad_platform;
INSERT INTO billing_pricing_catalog (category, provider, model, unit, unit_price, description, effective_from)
SELECT category, provider, '*', unit, unit_price, description, '2026-01-01 00:00:00+00'
FROM (VALUES
    ('telephony', 'livekit', 'second', 0.00025, 'Calls: telephone lines'),
    ('stt', 'livekit', 'second', 0.00015, 'Calls: speech to text'),
    ('llm_prompt', 'livekit', 'token', 0.0000006, 'Calls: what the agent''s model reads'),
    ('llm_completion', 'livekit', 'token', 0.0000024, 'Calls: what the agent''s model writes'),
    ('tts', 'livekit', 'character', 0.00004, 'Calls: the agent''s voice'),
    ('vm_infrastructure', 'livekit', 'second', 0.0001, 'Calls: the agent''s machine'),
    ('telephony', 'vapi', 'second', 0.00025, 'Calls: telephone lines'),
    ('stt', 'vapi', 'second', 0.00017, 'Calls: speech to text'),
    ('llm_prompt', 'vapi', 'token', 0.0000006, 'Calls: what the agent''s model reads'),
    ('llm_completion', 'vapi', 'token', 0.0000024, 'Calls: what the agent''s model writes'),
    ('tts', 'vapi', 'character', 0.00004, 'Calls: the agent''s voice'),
    ('vm_infrastructure', 'vapi', 'second', 0.0009, 'Calls: the agent''s machine')
) AS standard (category, provider, unit, unit_price, description)
WHERE NOT EXISTS (
    SELECT FROM billing_pricing_catalog AS listed
    WHERE listed.tenant_id IS NULL AND (listed.category, listed.provider, listed.model, listed.unit)
        = (standard.category, standard.provider, '*', standard.unit)
);
RESET ROLE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0008_standard_prices"),
    ]

    operations = [
        migrations.RunSQL(LIST, migrations.RunSQL.noop),
    ]
