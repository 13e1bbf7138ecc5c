from django.db import migrations

from lad.db.operations import InstallSql


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        InstallSql("lad.audit", "lad_audit_action", 1),
        InstallSql("lad.audit", "lad_audited_columns", 1),
        InstallSql("lad.audit", "lad_differs", 1),
        InstallSql("lad.audit", "lad_change_query", 1),
        InstallSql("lad.audit", "lad_bucket", 1),
        InstallSql("lad.audit", "lad_packed_side", 1),
        InstallSql("lad.audit", "lad_same_for_all", 1),
        InstallSql("lad.audit", "lad_packing_query", 1),
        InstallSql("lad.audit", "lad_row_changes", 1),
        InstallSql("lad.audit", "lad_time_ordered_id", 1),
        InstallSql("lad.audit", "lad_audit", 1),
        InstallSql("lad.audit", "lad_audit_row", 1),
        InstallSql("lad.db", "lad_keep_tenant", 1),
        InstallSql("lad.db", "lad_refuse_change", 1),
        InstallSql("lad.db", "lad_refuse_foreign_shared", 1),
        InstallSql("lad.db", "lad_status_steps", 1),
        InstallSql("lad.db", "lad_touch_updated_at", 1),
    ]
