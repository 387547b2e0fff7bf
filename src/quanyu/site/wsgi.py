"""The WSGI entry: ``gunicorn quanyu.site.wsgi``."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import resolve

from quanyu.engines.spatial import locating, overlaying

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanyu.site.settings")
application = get_wsgi_application()
# Every page is imported here, once and before the processes part, not at the first request to each.
resolve("/")
# Compiled by quanyu init; here it is only read, so that the first visitor does not wait for it.
locating.warm()
overlaying.warm()
