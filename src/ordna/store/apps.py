"""The one Django app with models: who may sign in, and to which merchant."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """Accounts only; order data is read and written by named SQL, never through the ORM."""

    name = "ordna.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"
