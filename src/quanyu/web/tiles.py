"""Background tiles."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import condition

from quanyu.apps.territory import tiles
from quanyu.apps.territory.models import Fabric

# MapLibre asks for none deeper.
DEEPEST = 24


def _fabric(territory: str) -> Fabric | None:
    return Fabric.objects.select_related("territory").filter(territory__code=territory).first()


def _etag(_request: HttpRequest, territory: str, archive: str, zoom: int, x: int, y: int) -> str | None:
    fabric = _fabric(territory)
    return f'"{fabric.inputs_hash[:16]}-{archive}-{zoom}-{x}-{y}"' if fabric else None


@condition(etag_func=_etag)
def tile(_request: HttpRequest, territory: str, archive: str, zoom: int, x: int, y: int) -> HttpResponse:
    """Return a vector tile, or nothing where the map is empty."""
    fabric = _fabric(territory)
    if fabric is None or archive not in tiles.ARCHIVES or zoom > DEEPEST or max(x, y) >= 2**zoom:
        raise Http404
    tiles.build(fabric)
    data = tiles.tile(fabric, archive, zoom, x, y)
    if data is None:
        return HttpResponse(status=204)
    headers = {"Content-Encoding": "gzip", "Cache-Control": "public, max-age=3600"}
    return HttpResponse(data, content_type="application/vnd.mapbox-vector-tile", headers=headers)
