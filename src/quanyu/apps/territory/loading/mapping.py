"""Which layer and column of a file stands for which of ours: proposed from usual names, changed by the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyogrio

from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.files import FORMS
from quanyu.values.columns import plain

# Layer → column → names it may have in a file. The first column of a name is ours.
FORM: dict[str, dict[str, tuple[str, ...]]] = {
    "buildings": {
        "key": ("building_id", "osm_id", "楼栋编号", "建筑编号", "编号", "id"),
        "name": ("名称", "楼名", "楼栋名称", "小区名称"),
        "kind": ("fclass", "type", "building", "类型", "用途", "建筑用途"),
        "osm_building": (),
        "use": ("amenity",),
        "landuse": ("用地性质",),
        "levels": ("floors", "building:levels", "building_levels", "floor", "storeys", "层数", "楼层", "地上层数"),
        "flats": ("building:flats", "dwellings", "住宅套数", "套数"),
        "floor_area_m2": ("floor_area", "gross_area", "建筑面积"),
        "people": ("population", "人口", "人口数", "人数"),
        "households": ("户数", "总户数", "住户数"),
    },
    "barriers": {
        "kind": ("fclass", "type", "类型"), "subtype": ("waterway", "railway"), "name": ("名称",), "tunnel": ("隧道",),
    },
    "roads": {
        "kind": ("highway", "fclass", "type", "道路等级", "类型"), "name": ("名称", "道路名称"),
        "bridge": ("桥梁",), "tunnel": ("隧道",),
    },
    "water": {"kind": ("fclass", "type", "类型"), "name": ("名称",)},
    "landuse": {"kind": ("fclass", "landuse", "type", "类型", "用地性质"), "name": ("名称",)},
    "pois": {"kind": ("fclass", "amenity", "type", "类型"), "name": ("名称",)},
    "boundaries": {
        "name": ("名称", "行政区名称"), "admin_level": ("level", "级别"), "code": ("区划代码", "行政区代码", "adcode"),
    },
}  # fmt: skip
LAYER_NAMES: dict[str, tuple[str, ...]] = {
    "buildings": ("building", "建筑", "建筑物", "房屋", "楼栋", "小区", "gis_osm_buildings_a_free_1"),
    "barriers": ("barrier", "阻隔线", "阻隔", "railways", "铁路", "gis_osm_railways_free_1"),
    "roads": ("road", "streets", "道路", "路网", "gis_osm_roads_free_1"),
    "water": ("waters", "水系", "水域", "河流", "gis_osm_water_a_free_1"),
    "landuse": ("land_use", "用地", "土地利用", "gis_osm_landuse_a_free_1"),
    "pois": ("poi", "points", "兴趣点", "gis_osm_pois_free_1"),
    "boundaries": ("boundary", "divisions", "区划", "行政区", "边界", "gis_osm_adminareas_a_free_1"),
}


@dataclass(frozen=True)
class SourceLayer:
    """A layer of the file: where it lies, its name, its columns."""

    path: Path
    name: str
    columns: tuple[str, ...]


def catalogue(file: str, paths: Iterable[Path]) -> list[SourceLayer]:
    """Return the layers of the files handed in.

    Raises
    ------
    UnreadableFile
    """
    layers = []
    for path in paths:
        try:
            for name, geometry in pyogrio.list_layers(path):
                if geometry is None:
                    continue
                # The layers of other forms than a GeoPackage are called as their file, whatever is written inside.
                own = str(name) if path.suffix.lower() == ".gpkg" else path.stem
                fields = tuple(str(field) for field in pyogrio.read_info(path, layer=name)["fields"])
                layers.append(SourceLayer(path, own, fields))
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            raise faults.UnreadableFile(file=file, forms=FORMS) from error
    if not layers:
        raise faults.UnreadableFile(file=file, forms=FORMS)
    return layers


def propose(layers: list[SourceLayer]) -> dict[str, str]:
    """Return what the names suggest, as ``{"buildings": "jianzhu", "buildings.levels": "floors"}``."""
    mapping: dict[str, str] = {}
    taken: set[str] = set()
    for ours in FORM:
        wanted = [plain(ours), *map(plain, LAYER_NAMES[ours])]
        matching = [layer for layer in layers if plain(layer.name) in wanted and layer.name not in taken]
        if matching:
            found = min(matching, key=lambda layer: wanted.index(plain(layer.name)))
            mapping[ours] = found.name
            taken.add(found.name)
    if "buildings" not in mapping and len(layers) == 1 and not mapping:
        mapping["buildings"] = layers[0].name
    return _with_columns(layers, mapping)


def complete(file: str, layers: list[SourceLayer], changes: Mapping[str, str]) -> dict[str, str]:
    """Return the proposal with the user's changes; an empty name takes a layer or column out.

    Raises
    ------
    BadMapping
        The form has no such layer or column, or the file has not.
    """
    known = {*FORM, *(f"{layer}.{column}" for layer, columns in FORM.items() for column in columns)}
    for key in changes:
        if key not in known:
            raise faults.BadMapping(file=file, value=f"{key}={changes[key]}", known=", ".join(sorted(known)))
    mapping = {key: name for key, name in propose(layers).items() if "." not in key}
    mapping |= {key: name for key, name in changes.items() if "." not in key}
    mapping = {key: name for key, name in mapping.items() if name}
    by_name = {layer.name: layer for layer in layers}
    for key, name in mapping.items():
        if name not in by_name:
            raise faults.BadMapping(file=file, value=f"{key}={name}", known=", ".join(by_name))
    mapping = _with_columns(layers, mapping)
    for key, name in changes.items():
        layer = key.partition(".")[0]
        if "." not in key or layer not in mapping:
            continue
        columns = by_name[mapping[layer]].columns
        if name and name not in columns:
            raise faults.BadMapping(file=file, value=f"{key}={name}", known=", ".join(columns))
        mapping[key] = name
    return {key: name for key, name in mapping.items() if name}


def parse(file: str, pairs: Iterable[str]) -> dict[str, str]:
    """Return a mapping from ``LAYER.COLUMN=NAME`` texts."""
    result = {}
    for pair in pairs:
        key, sign, name = pair.partition("=")
        if not sign:
            raise faults.BadMapping(file=file, value=pair, known="buildings.levels=floors")
        result[key.strip()] = name.strip()
    return result


def _with_columns(layers: list[SourceLayer], mapping: dict[str, str]) -> dict[str, str]:
    by_name = {layer.name: layer for layer in layers}
    result = {}
    for ours, columns in FORM.items():
        if ours not in mapping:
            continue
        result[ours] = mapping[ours]
        theirs = {plain(column): column for column in reversed(by_name[mapping[ours]].columns)}
        taken: set[str] = set()
        for column, aliases in columns.items():
            for alias in (column, *aliases):
                # A Shapefile cuts the names of its columns to ten signs.
                name = theirs.get(plain(alias)) or theirs.get(plain(alias)[:10])
                if name is not None and name not in taken:
                    result[f"{ours}.{column}"] = name
                    taken.add(name)
                    break
    return result
