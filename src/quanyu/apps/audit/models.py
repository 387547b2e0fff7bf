"""The audit trail: who did what, when, to which record, from what to what; each entry hashes the one before."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

GENESIS = "0" * 64


class Entry(models.Model):
    """One change. Rows are never changed or deleted: database triggers refuse it."""

    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("who"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    verb = models.CharField(_("what"), max_length=60)
    subject_type = models.CharField(_("kind of record"), max_length=60)
    subject_id = models.CharField(_("record"), max_length=60)
    before = models.JSONField(_("before"), null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(_("after"), null=True, encoder=DjangoJSONEncoder)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["subject_type", "subject_id"])]
        constraints = [models.UniqueConstraint(fields=["previous_hash"], name="audit_entry_chain_does_not_fork")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.verb} {self.subject_type} {self.subject_id}"

    def digest(self) -> str:
        """Return the SHA-256 of this entry's content and its predecessor's hash."""
        content: dict[str, Any] = {
            "at": self.at.timestamp(),
            "actor": self.actor_id,
            "verb": self.verb,
            "subject": [self.subject_type, self.subject_id],
            "before": self.before,
            "after": self.after,
            "previous": self.previous_hash,
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), cls=DjangoJSONEncoder)
        return hashlib.sha256(text.encode()).hexdigest()


class Head(models.Model):
    """The end of the chain: one row that writers lock, so that the chain cannot fork or be cut at its end unseen."""

    hash = models.CharField(max_length=64, default=GENESIS)
    length = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.length} entries, {self.hash[:12]}"
