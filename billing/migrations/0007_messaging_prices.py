from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0006_languages"),
        ("tenants", "0013_user_timezone"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="price",
            name="billing_pricing_catalog_category_valid",
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "category__in",
                        [
                            "enrichment",
                            "llm",
                            "llm_prompt",
                            "llm_completion",
                            "stt",
                            "tts",
                            "telephony",
                            "vm_infrastructure",
                            "messaging",
                        ],
                    )
                ),
                name="billing_pricing_catalog_category_valid",
            ),
        ),
    ]
