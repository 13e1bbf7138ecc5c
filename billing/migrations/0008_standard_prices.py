from django.db import migrations

# What a fresh installation charges for finding people and for language models, in US dollars. Without a price nothing
# of it is sold. A component that has a common price already, of whatever period, keeps what was decided about it.
# Policies let the platform's role change every row.
LIST = """
SET LOCAL ROLE lad_platform;
INSERT INTO billing_pricing_catalog (category, provider, model, unit, unit_price, description, effective_from)
SELECT category, provider, model, unit, unit_price, description, '2026-01-01 00:00:00+00'
FROM (VALUES
    ('enrichment', 'apollo', 'email', 'record', 0.02, 'E-mail addresses of people'),
    ('enrichment', 'apollo', 'phone', 'record', 0.10, 'Mobile numbers of people'),
    ('enrichment', 'apollo', 'company_search', 'record', 0.01, 'Pages of companies'),
    ('llm_prompt', 'openai_compatible', '*', 'token', 0.0000006, 'Language models: what they read'),
    ('llm_completion', 'openai_compatible', '*', 'token', 0.0000024, 'Language models: what they write'),
    ('llm_prompt', 'anthropic', '*', 'token', 0.000003, 'Language models: what they read'),
    ('llm_completion', 'anthropic', '*', 'token', 0.000015, 'Language models: what they write')
) AS standard (category, provider, model, unit, unit_price, description)
WHERE NOT EXISTS (
    SELECT FROM billing_pricing_catalog AS listed
    WHERE listed.tenant_id IS NULL AND (listed.category, listed.provider, listed.model, listed.unit)
        = (standard.category, standard.provider, standard.model, standard.unit)
);
RESET ROLE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0007_messaging_prices"),
    ]

    operations = [
        migrations.RunSQL(LIST, migrations.RunSQL.noop),
    ]
