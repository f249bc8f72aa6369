"""Failed attempts are counted."""

from django.db import migrations, models

import registry.models.fields


class Migration(migrations.Migration):
    dependencies = [("governance", "0003_grace")]
    operations = [
        migrations.CreateModel(
            name="AttemptCount",
            fields=[
                ("key", registry.models.fields.DigestField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField(db_index=True)),
                ("count", models.PositiveIntegerField()),
            ],
        ),
    ]
