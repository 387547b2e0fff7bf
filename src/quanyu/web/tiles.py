"""Background tiles."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import condition

from quanyu.apps.territory import tiles

# MapLibre asks for none deeper.
DEEPEST = 24


def _etag(_request: HttpRequest, territory: str, archive: str, zoom: int, x: int, y: int) -> str | None:
    found = tiles.background(territory)
    return f'"{found.stamp}-{archive}-{zoom}-{x}-{y}"' if found and found.is_made else None


@condition(etag_func=_etag)
def tile(_request: HttpRequest, territory: str, archive: str, zoom: int, x: int, y: int) -> HttpResponse:
    """Return a vector tile, or nothing where the map is empty or its background is still being made."""
    found = tiles.background(territory)
    if found is None or archive not in tiles.ARCHIVES or zoom > DEEPEST or max(x, y) >= 2**zoom:
        raise Http404
    data = found.tile(archive, zoom, x, y)
    if data is None:
        return HttpResponse(status=204, headers={} if found.is_made else {"Cache-Control": "no-store"})
    headers = {"Content-Encoding": "gzip", "Cache-Control": "public, max-age=3600"}
    return HttpResponse(data, content_type="application/vnd.mapbox-vector-tile", headers=headers)
