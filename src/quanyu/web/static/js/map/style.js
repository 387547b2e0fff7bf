// The style of the map: layers from below are land use, grids, water, roads, railways, buildings, borders, names.
import { DAY, EIGHT, EXCLUSIVE, NIGHT, RAMP, breaks } from "./palette.js";

const FONT = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "sans-serif"];
const by_zoom = (...stops) => ["interpolate", ["exponential", 1.5], ["zoom"], ...stops];
const MOTORWAY = ["motorway", "motorway_link", "trunk", "trunk_link"];
const MAJOR = ["primary", "primary_link"];
const MIDDLE = ["secondary", "secondary_link", "tertiary", "tertiary_link", "main_road", "road"];
const PATH = ["track", "path", "footway", "cycleway", "steps", "bridleway", "pedestrian"];
const GREEN = ["forest", "wood", "grass", "park", "meadow", "cemetery", "recreation_ground", "village_green", "scrub", "orchard", "vineyard", "garden", "nature_reserve", "pitch", "golf_course", "heath", "wetland"];
const FIELD = ["farmland", "farmyard", "allotments", "greenhouse_horticulture", "plant_nursery"];
const WORKS = ["industrial", "commercial", "retail", "railway", "quarry", "construction", "landfill", "military"];
const HALO = 1.4;

// How much a grid's colour covers what lies below it, by zoom: the closer, the less.
const COVER = [[12, 0.88], [14.5, 0.6], [17, 0.35]];

export function cover(zoom) {
  const after = COVER.findIndex(([mark]) => zoom < mark);
  if (after <= 0) return (after ? COVER.at(-1) : COVER[0])[1];
  const [[low, thick], [high, thin]] = COVER.slice(after - 1, after + 1);
  return thick + ((zoom - low) / (high - low)) * (thin - thick);
}

export const isNight = () => document.documentElement.dataset.bsTheme === "dark";
export const colours = () => (isNight() ? NIGHT : DAY);

const eight = () => ["match", ["get", "colour"], ...EIGHT.flatMap((colour, i) => [i, colour]), EIGHT[0]];

export function fill(by, settings, paint = colours()) {
  const limits = breaks(settings.lower, settings.upper);
  const stepped = (value, marks) => ["step", value, RAMP[0], ...marks.flatMap((mark, i) => [mark, RAMP[i + 1]])];
  const colour = {
    households: stepped(["coalesce", ["get", "households"], 0], limits),
    fullness: stepped(["coalesce", ["get", "fullness"], 0], limits.map((limit) => limit / settings.upper)),
    identity: eight(),
  }[by];
  if (by === "identity") return colour;
  return ["match", ["get", "kind"], "uninhabited", paint.uninhabited, "exclusive", EXCLUSIVE, colour];
}

const base = (id, type, layer, rest) => ({
  id, type, source: "base", "source-layer": "base", ...rest,
  filter: ["all", ["==", ["get", "layer"], layer], ...(rest.filter ? [rest.filter] : [])],
});
const kindIn = (kinds) => ["in", ["get", "kind"], ["literal", kinds]];

function ground(c) {
  const polygon = ["==", ["geometry-type"], "Polygon"];
  return [
    base("landuse", "fill", "landuse", {
      filter: polygon,
      paint: { "fill-color": ["case", kindIn(GREEN), c.green, kindIn(FIELD), c.field, kindIn(WORKS), c.works, ["==", ["get", "kind"], "residential"], c.built, c.other] },
    }),
  ];
}

function wet(c) {
  const polygon = ["==", ["geometry-type"], "Polygon"];
  return [
    base("water", "fill", "water", { filter: polygon, paint: { "fill-color": c.water } }),
    base("water-edge", "line", "water", { filter: polygon, paint: { "line-color": c.waterLine, "line-width": 0.8 } }),
    base("rivers", "line", "barrier", {
      filter: ["==", ["get", "kind"], "waterway"], layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": c.waterLine, "line-width": by_zoom(9, 0.8, 14, 2, 17, 5) },
    }),
    base("brooks", "line", "barrier", {
      minzoom: 12, filter: ["==", ["get", "kind"], "brook"], layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": c.waterLine, "line-width": by_zoom(12, 0.4, 14, 0.9, 17, 2.5) },
    }),
  ];
}

function roads(c) {
  const round = { "line-cap": "round", "line-join": "round" };
  const classes = [
    ["minor", ["!", kindIn([...MOTORWAY, ...MAJOR, ...MIDDLE, ...PATH])], c.minor, [11, 0.3, 14, 1.6, 17, 9], 12],
    ["middle", kindIn(MIDDLE), c.middle, [9, 0.4, 12, 1.1, 14, 2.6, 17, 13], 9],
    ["major", kindIn(MAJOR), c.major, [8, 0.6, 12, 1.8, 14, 3.6, 17, 16], 8],
    ["motorway", kindIn(MOTORWAY), c.motorway, [7, 0.8, 12, 2.2, 14, 4, 17, 18], 7],
  ];
  const wider = (stops) => stops.map((value, i) => (i % 2 ? value + 1.2 : value));
  return [
    base("roads-path", "line", "roads", {
      minzoom: 14, filter: kindIn(PATH), paint: { "line-color": c.casing, "line-width": by_zoom(14, 0.6, 17, 1.6), "line-dasharray": [3, 2] },
    }),
    ...classes.map(([name, filter, , stops, minzoom]) => base(`roads-${name}-casing`, "line", "roads", {
      minzoom: Math.max(minzoom, 11), filter, layout: round, paint: { "line-color": c.casing, "line-width": by_zoom(...wider(stops)) },
    })),
    ...classes.map(([name, filter, colour, stops, minzoom]) => base(`roads-${name}`, "line", "roads", {
      minzoom, filter, layout: round, paint: { "line-color": colour, "line-width": by_zoom(...stops) },
    })),
    base("barrier-motorway", "line", "barrier", {
      filter: kindIn(["motorway", "main_road"]), paint: { "line-color": c.motorway, "line-width": by_zoom(7, 0.8, 12, 2.2, 14, 4, 17, 14) },
    }),
    base("railways", "line", "barrier", { filter: ["==", ["get", "kind"], "railway"], paint: { "line-color": c.rail, "line-width": by_zoom(8, 0.8, 14, 2, 17, 4) } }),
    base("railways-ties", "line", "barrier", {
      minzoom: 11, filter: ["==", ["get", "kind"], "railway"],
      paint: { "line-color": c.minor, "line-width": by_zoom(11, 0.4, 14, 1, 17, 2.4), "line-dasharray": [4, 4] },
    }),
  ];
}

function buildings(c) {
  const kind = ["match", ["get", "kind"],
    ["residential"], c.homes, ["office"], c.office, ["industrial", "farm"], c.works_building, ["market"], c.trade,
    ["school", "hospital", "public", "scenic"], c.civic, c.otherBuilding];
  const shown = { source: "buildings", "source-layer": "buildings" };
  return [
    { id: "buildings", type: "fill", ...shown, minzoom: 13, paint: { "fill-color": kind, "fill-opacity": ["interpolate", ["linear"], ["zoom"], 13, 0.55, 15, 0.95] } },
    { id: "buildings-edge", type: "line", ...shown, minzoom: 14.5, paint: { "line-color": c.edge, "line-width": by_zoom(14.5, 0.3, 18, 1) } },
  ];
}

function names(c) {
  const text = (field, size, extra = {}) => ({ "text-field": field, "text-font": FONT, "text-size": size, ...extra });
  const ink = (colour) => ({ "text-color": colour, "text-halo-color": c.halo, "text-halo-width": HALO });
  const point = (id, layer, rest) => ({ id, type: "symbol", source: "names", filter: ["==", ["get", "layer"], layer], ...rest });
  return [
    base("road-names", "symbol", "roads", {
      minzoom: 14, filter: ["!=", ["get", "name"], ""],
      layout: text(["get", "name"], 11, { "symbol-placement": "line", "symbol-spacing": 320, "text-max-angle": 35 }), paint: ink(c.softInk),
    }),
    point("poi-names", "pois", { minzoom: 15.2, layout: text(["get", "name"], 11, { "text-max-width": 8 }), paint: ink(c.softInk) }),
    point("water-names", "water", { minzoom: 10, layout: text(["get", "name"], 11, { "text-letter-spacing": 0.12 }), paint: ink(c.waterInk) }),
    {
      id: "grid-names", type: "symbol", source: "grid-names", minzoom: 12,
      layout: text(["step", ["zoom"], ["get", "short"], 15, ["format", ["get", "short"], { "font-scale": 1 }, "\n", {}, ["get", "count"], { "font-scale": 0.85 }]], by_zoom(12, 10, 16, 15), { "text-padding": 1 }),
      paint: ink(c.ink),
    },
    point("village-names", "village", { minzoom: 12.3, maxzoom: 16, layout: text(["get", "name"], 11.5, { "text-max-width": 7 }), paint: ink(c.division) }),
    point("town-names", "town", { maxzoom: 14.5, layout: text(["get", "name"], by_zoom(9, 11, 13, 16), { "text-letter-spacing": 0.08, "text-padding": 4 }), paint: ink(c.division) }),
  ];
}

export const GROUPS = {
  landuse: ["landuse", "water", "water-edge", "rivers", "water-names"],
  roads: ["roads-path", "roads-minor-casing", "roads-middle-casing", "roads-major-casing", "roads-motorway-casing", "roads-minor", "roads-middle", "roads-major", "roads-motorway", "barrier-motorway", "railways", "railways-ties", "road-names"],
  buildings: ["buildings", "buildings-edge", "poi-names"],
  divisions: ["divisions", "village-names", "town-names"],
  grids: ["grids", "borders", "grid-names", "broken"],
  moved: ["moved"],
};

export function style(settings, { by, grids, gridNames, basemap, basemapAttribution }) {
  const c = colours();
  const tiles = (archive) => [`${location.origin}${settings.tiles.replace("ARCHIVE", archive)}/{z}/{x}/{y}`];
  const empty = { type: "FeatureCollection", features: [] };
  const sources = {
    base: { type: "vector", tiles: tiles("base"), minzoom: 8, maxzoom: 14, attribution: settings.attribution },
    buildings: { type: "vector", tiles: tiles("buildings"), minzoom: 13, maxzoom: 14 },
    names: { type: "geojson", data: settings.names || { type: "FeatureCollection", features: [] } },
    grids: { type: "geojson", data: grids, tolerance: 0.3 },
    "grid-names": { type: "geojson", data: gridNames },
    moved: { type: "geojson", data: empty },
    place: { type: "geojson", data: empty },
  };
  const raster = basemap ? [{ id: "basemap", type: "raster", source: "basemap" }] : [];
  if (basemap) sources.basemap = { type: "raster", tiles: [basemap], tileSize: 256, attribution: basemapAttribution };
  const quiet = ["match", ["get", "kind"], "uninhabited", 0.25, 1];
  const opacity = (value) => (by === "identity" ? value * 0.8 : ["*", value, quiet]);
  return {
    version: 8,
    sources,
    layers: [
      { id: "ground", type: "background", paint: { "background-color": c.ground } },
      ...raster,
      ...ground(c),
      {
        id: "grids", type: "fill", source: "grids",
        paint: { "fill-color": fill(by, settings, c), "fill-opacity": ["interpolate", ["linear"], ["zoom"], ...COVER.flatMap(([zoom, value]) => [zoom, opacity(value)])] },
      },
      ...wet(c),
      ...roads(c),
      ...buildings(c),
      base("divisions", "line", "division", { paint: { "line-color": c.division, "line-width": ["match", ["get", "kind"], ["county", "town"], 2, 1.1], "line-dasharray": [4, 1.5, 1, 1.5] } }),
      { id: "borders", type: "line", source: "grids", layout: { "line-join": "round" }, paint: { "line-color": c.border, "line-width": by_zoom(10, 0.3, 13, 1, 17, 2.6), "line-opacity": 0.9 } },
      { id: "broken", type: "line", source: "grids", filter: ["==", ["get", "in_range"], false], layout: { "line-join": "round" }, paint: { "line-color": "#c92a2a", "line-width": by_zoom(10, 0.8, 14, 2.4, 17, 4) } },
      { id: "selected-halo", type: "line", source: "grids", filter: ["==", ["get", "code"], ""], paint: { "line-color": "#ffffff", "line-width": 6.5 } },
      { id: "selected", type: "line", source: "grids", filter: ["==", ["get", "code"], ""], paint: { "line-color": "#111111", "line-width": 3.5 } },
      { id: "place-fill", type: "fill", source: "place", paint: { "fill-color": "#ffd43b", "fill-opacity": 0.85 } },
      { id: "place-line", type: "line", source: "place", paint: { "line-color": "#111111", "line-width": 2 } },
      {
        id: "moved", type: "circle", source: "moved",
        paint: { "circle-radius": by_zoom(10, 1.2, 13, 3, 16, 6), "circle-color": eight(), "circle-stroke-color": "#111", "circle-stroke-width": by_zoom(10, 0.2, 13, 0.8, 16, 1.2) },
      },
      ...names(c),
    ],
  };
}
