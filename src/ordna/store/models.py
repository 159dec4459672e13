"""Who may sign in and call: memberships, one-time links and API tokens, beside Django's own users and sessions.

Secrets are never stored: a link and a token are kept as the SHA-256 of their text, which is 256 random bits.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Membership(models.Model):
    """A person belongs to a merchant, in one team of its flow; team "" works for all of them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    merchant_id = models.BigIntegerField()
    team = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_id", "user"], name="membership_once_a_merchant"),
        ]


class OneTimeLink(models.Model):
    """A link that signs one person in, once, before it expires."""

    digest = models.BinaryField(max_length=32, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class ApiToken(models.Model):
    """A program's key to one merchant. `prefix` is what people recognise it by; `scopes` is a list of words."""

    digest = models.BinaryField(max_length=32, unique=True)
    prefix = models.CharField(max_length=12)
    title = models.CharField(max_length=80)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    merchant_id = models.BigIntegerField()
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField()
