from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [("voice", "0005_batch_lines"), ("voice", "0007_dialing"), ("voice", "0006_breaker")]
    operations = []
