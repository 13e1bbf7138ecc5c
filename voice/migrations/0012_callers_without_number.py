from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0018_kept_plans"),
        ("leads", "0012_search_of_addresses"),
        ("tenants", "0014_booking_link"),
        ("voice", "0011_note_placed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="calllog",
            name="voice_call_logs_phone",
        ),
        migrations.AddConstraint(
            model_name="calllog",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("to_base_number__gt", 0),
                        ("to_base_number__lt", 1000000000000000),
                        ("to_country_code__regex", "^\\+[1-9][0-9]{0,2}$"),
                        ("to_leading_zeros__lte", 3),
                    ),
                    models.Q(
                        ("direction", "inbound"),
                        ("to_base_number", 0),
                        ("to_country_code", ""),
                        ("to_leading_zeros", 0),
                    ),
                    _connector="OR",
                ),
                name="voice_call_logs_phone",
            ),
        ),
    ]
