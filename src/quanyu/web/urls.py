"""Addresses of the pages."""

from django.urls import path

from quanyu.web import accounts, audit, desk, fusion, grids, map, plans, territory, tiles  # noqa: A004 a page is named as its noun

urlpatterns = [
    path("", map.home, name="map"),
    path("search", map.search, name="search"),
    path("names/<slug:network>.geojson", map.names, name="names"),
    path("my-grid", grids.my_grid, name="my-grid"),
    path("grids/<slug:network>/<str:code>", grids.grid, name="grid"),
    path("grids/<slug:network>/<str:code>/notice", grids.notice, name="notice"),
    path("grids/<slug:network>/<str:code>/staff", grids.staff, name="grid-staff"),
    path("desk", desk.desk, name="desk"),
    path("desk/<slug:network>", desk.network, name="desk-network"),
    path("runs/<int:pk>", desk.run, name="run"),
    path("runs/<int:pk>/<slug:verb>", desk.run_verb, name="run-verb"),
    path("plans/<int:pk>", plans.plan, name="plan"),
    path("plans/<int:pk>/grids.geojson", plans.features, name="plan-features"),
    path("plans/<int:pk>/moved.geojson", plans.moved, name="plan-moved"),
    path("plans/<int:pk>/moves", plans.moves, name="plan-moves"),
    path("plans/<int:pk>/move", plans.move, name="plan-move"),
    path("plans/<int:pk>/export/<slug:kind>", plans.export, name="plan-export"),
    path("plans/<int:pk>/<slug:verb>", plans.verb, name="plan-verb"),
    path("fusion", fusion.territories, name="fusion"),
    path("fusion/<str:territory>", fusion.territory, name="fusion-territory"),
    path("fusion/<str:territory>/draw", fusion.draw, name="fusion-draw"),
    path("fusion/<str:territory>/crosswalk", fusion.crosswalk, name="fusion-crosswalk"),
    path("fusion/<str:territory>/communities/<int:pk>/<slug:verb>", fusion.community, name="fusion-community"),
    path("fusion/<str:territory>/<slug:network>.geojson", fusion.outlines, name="fusion-outlines"),
    path("tiles/<str:territory>/<slug:archive>/<int:zoom>/<int:x>/<int:y>", tiles.tile, name="tile"),
    path("territory", territory.territory, name="territory"),
    path("territory/load/<slug:kind>", territory.load, name="territory-load"),
    path("territory/checks/<int:pk>", territory.check, name="territory-check"),
    path("territory/kinds", territory.kinds, name="territory-kinds"),
    path("territory/kinds/<str:code>", territory.apply_kinds, name="territory-kinds-apply"),
    path("audit", audit.trail, name="audit"),
    path("sign-in", accounts.SignIn.as_view(), name="sign-in"),
    path("sign-out", accounts.SignOut.as_view(), name="sign-out"),
]
