from django.db import migrations

# The country that a tenant named for its invoices is more exact than that of its time zone. Policies let the platform's
# role change every row.
FILL = """
SET LOCAL ROLE lad_platform;
UPDATE tenants SET country = profile.country
FROM billing_profiles AS profile
WHERE profile.tenant_id = tenants.id AND profile.country <> '' AND profile.country <> tenants.country;
RESET ROLE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0004_windows_terms_and_credit"),
        ("tenants", "0012_country"),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
