"""The audit trail, for administrators."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from quanyu.apps.audit.models import Entry
from quanyu.apps.audit.trail import verify
from quanyu.web import words
from quanyu.web.access import needs


@needs("audit.read")
def trail(request: HttpRequest) -> HttpResponse:
    """List the entries, newest first, and the state of the chain."""
    entries = Entry.objects.select_related("actor").order_by("-id")
    if subject := request.GET.get("subject", ""):
        entries = entries.filter(subject_type=subject)
    page = Paginator(entries, 50).get_page(request.GET.get("page"))
    rows = [
        (entry, words.act(entry.verb, entry.before, entry.after), words.changes(entry.before, entry.after))
        for entry in page
    ]
    return render(request, "audit/trail.html", {"page": page, "rows": rows, "verdict": verify()})
