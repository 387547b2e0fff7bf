"""OGC API Features: the standard's addresses for divisions, grids and places."""

from django.urls import path

from quanyu.api.features import views

urlpatterns = [
    path("", views.landing, name="features"),
    path("api", views.api_definition, name="features-api"),
    path("conformance", views.conformance, name="features-conformance"),
    path("collections", views.collections, name="features-collections"),
    path("collections/<str:name>", views.collection, name="features-collection"),
    path("collections/<str:name>/items", views.items, name="features-items"),
    path("collections/<str:name>/items/<int:key>", views.item, name="features-item"),
]
