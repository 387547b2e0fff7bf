// The map component, attached to [data-map]. Its words come from the page, its state is in the address.
import { RAMP, classes } from "./map/palette.js";
import { GROUPS, cover, fill, style } from "./map/style.js";
import { compare } from "./map/compare.js";
import { networks } from "./map/networks.js";

const LANGUAGE = document.documentElement.lang;
const number = (value, digits = 0) => new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: digits }).format(value);
const area = (m2) => (m2 >= 1e5 ? `${number(m2 / 1e6, 2)} km²` : `${number(m2)} m²`);
// A count too small for the public comes as null.
const households = (count, least) => (count === null || count === undefined ? `< ${number(least)}` : number(count));
const read = async (url) => (await fetch(url, { headers: { Accept: "application/geo+json" } })).json();

function labels(grids, least) {
  const features = grids.features.map(({ properties: p }) => ({
    type: "Feature",
    geometry: { type: "Point", coordinates: [p.label_lon, p.label_lat] },
    properties: { short: p.code.slice(12), count: p.kind === "basic" ? households(p.households, least) : "" },
  }));
  return { type: "FeatureCollection", features };
}

class PlanMap {
  constructor(element) {
    this.element = element;
    this.settings = JSON.parse(document.getElementById(element.dataset.map).textContent);
    this.state = new URLSearchParams(location.hash.slice(1));
    this.off = new Set(this.state.get("off")?.split(",").filter(Boolean));
    this.by = this.state.get("by") ?? this.settings.by ?? "households";
    this.chosen = this.settings.select ?? this.state.get("grid") ?? "";
  }

  part(name) {
    return this.element.querySelector(`[data-${name}]`);
  }

  async open() {
    this.grids = this.settings.grids ? await read(this.settings.grids) : { type: "FeatureCollection", features: [] };
    const view = this.state.get("view")?.split("/").map(Number);
    const start = view?.length === 3 && !this.settings.point
      ? { zoom: view[0], center: [view[2], view[1]] }
      : { bounds: this.settings.bounds, fitBoundsOptions: { padding: 24 } };
    this.map = this.make(this.part("canvas"), this.grids, { ...start, attributionControl: false });
    this.map.addControl(new maplibregl.AttributionControl({ compact: false }), "bottom-right");
    this.map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new maplibregl.ScaleControl(), "bottom-right");
    this.map.once("idle", () => { this.element.dataset.ready = "true"; });
    this.map.on("load", () => this.begin());
    this.map.on("moveend", () => this.remember());
    this.tools();
    this.answer();
    compare(this.element, this.map, async (canvas) => {
      const grids = await read(this.settings.other);
      return this.make(canvas, grids, { center: this.map.getCenter(), zoom: this.map.getZoom(), attributionControl: false });
    });
    new ResizeObserver(() => this.map.resize()).observe(this.element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.restyle());
  }

  make(container, grids, options) {
    return new maplibregl.Map({
      container, style: this.style(grids), fadeDuration: 0, locale: this.settings.controls, dragRotate: false, pitchWithRotate: false,
      preserveDrawingBuffer: this.element.hasAttribute("data-printed"), ...options,
    });
  }

  style(grids) {
    const { basemap, basemapAttribution } = this.element.dataset;
    return style(this.settings, { by: this.by, grids, gridNames: labels(grids, this.settings.least), basemap, basemapAttribution });
  }

  restyle() {
    this.map.setStyle(this.style(this.grids));
    this.map.once("styledata", () => this.begin());
  }

  begin() {
    for (const group of this.off) this.show(group, false);
    this.select(this.chosen, { remember: false });
    if (this.settings.moved) this.dots();
    if (this.settings.networks) networks(this.element, this.map, this.settings.networks, read);
    if (this.settings.place) this.map.getSource("place").setData(this.settings.place);
    const mark = this.settings.point ?? this.state.get("mark")?.split("/").map(Number).reverse();
    if (mark) this.mark(mark);
  }

  mark(place) {
    this.marker ??= new maplibregl.Marker({ color: "#c92a2a" });
    this.marker.setLngLat(place).addTo(this.map);
  }

  async dots() {
    const colour = Object.fromEntries(this.grids.features.map(({ properties: p }) => [p.code, p.colour]));
    const moved = await read(this.settings.moved);
    for (const feature of moved.features) feature.properties.colour = colour[feature.properties.to] ?? 0;
    this.map.getSource("moved").setData(moved);
  }

  async reload() {
    this.grids = await read(this.settings.grids);
    this.map.getSource("grids").setData(this.grids);
    this.map.getSource("grid-names").setData(labels(this.grids, this.settings.least));
    if (this.settings.moved) this.dots();
  }

  remember() {
    const c = this.map.getCenter();
    this.state.set("view", [this.map.getZoom().toFixed(2), c.lat.toFixed(5), c.lng.toFixed(5)].join("/"));
    for (const [key, value] of [["grid", this.settings.select ? "" : this.chosen], ["off", [...this.off].join(",")], ["by", this.by === (this.settings.by ?? "households") ? "" : this.by]]) {
      if (value) this.state.set(key, value);
      else this.state.delete(key);
    }
    history.replaceState(history.state, "", `#${decodeURIComponent(this.state)}`);
  }

  select(code, { remember = true } = {}) {
    this.chosen = code;
    for (const layer of ["selected", "selected-halo"]) this.map.setFilter(layer, ["==", ["get", "code"], code]);
    this.card(this.grids.features.find(({ properties: p }) => p.code === code)?.properties);
    if (remember) this.remember();
  }

  card(p) {
    const card = this.part("card");
    if (!card) return;
    // A page about one grid says it all beside the map.
    card.hidden = !p || p.code === this.settings.select;
    if (card.hidden) return;
    const values = {
      code: p.code, kind: this.settings.kinds[p.kind], households: households(p.households, this.settings.least), places: number(p.places), area: area(p.area_m2),
      fullness: p.kind === "basic" && p.fullness !== null ? `${number(p.households)} / ${number(this.settings.upper)} (${number(100 * p.fullness, 1)} %)` : "—",
      compactness: number(p.compactness, 2),
    };
    for (const slot of card.querySelectorAll("[data-value]")) slot.textContent = values[slot.dataset.value];
    for (const note of card.querySelectorAll("[data-if]")) note.hidden = note.dataset.if !== (p.in_range ? "kept" : "broken");
    card.querySelector("a").href = this.settings.grid_page.replace("CODE", p.code);
  }

  show(group, shown) {
    for (const id of GROUPS[group]) if (this.map.getLayer(id)) this.map.setLayoutProperty(id, "visibility", shown ? "visible" : "none");
  }

  tools() {
    const legend = this.part("legend");
    const draw = () => {
      if (!legend) return;
      for (const title of legend.querySelectorAll("[data-title]")) title.hidden = title.dataset.title !== this.by;
      const rows = this.by === "identity" ? [] : classes(this.by, this.settings, number).map((text, i) => {
        const row = document.createElement("div");
        const swatch = document.createElement("i");
        swatch.style.setProperty("--colour", RAMP[i]);
        row.append(swatch, text);
        return row;
      });
      legend.querySelector("[data-classes]").replaceChildren(...rows);
      for (const row of legend.querySelectorAll("[data-unless-identity]")) row.hidden = this.by === "identity";
    };
    if (legend && innerWidth < 800) legend.open = false;
    // The legend's colours are as thin as those of the map.
    const thin = () => legend?.style.setProperty("--cover", cover(this.map.getZoom()));
    this.map.on("zoom", thin);
    thin();
    const colouring = this.part("colouring");
    if (colouring) colouring.value = this.by;
    colouring?.addEventListener("change", () => {
      this.by = colouring.value;
      this.map.setPaintProperty("grids", "fill-color", fill(this.by, this.settings));
      draw();
      this.remember();
    });
    for (const box of this.element.querySelectorAll("[data-layer]")) {
      box.checked = !this.off.has(box.dataset.layer);
      box.addEventListener("change", () => {
        this.off[box.checked ? "delete" : "add"](box.dataset.layer);
        this.show(box.dataset.layer, box.checked);
        this.remember();
      });
    }
    // What a click answers must not open inside a closed drawer.
    this.part("editing")?.addEventListener("change", ({ target }) => {
      if (target.checked) document.getElementById("moves").closest("details").open = true;
    });
    this.part("close")?.addEventListener("click", () => this.select(""));
    draw();
  }

  answer() {
    const hover = this.part("hover");
    this.map.on("mousemove", "grids", ({ features: [{ properties: p }] }) => {
      const words = { code: p.code, kind: this.settings.kinds[p.kind], households: households(p.households, this.settings.least) };
      if (hover) hover.textContent = hover.dataset.hover.replace(/\{(\w+)\}/g, (_, key) => words[key]);
      this.map.getCanvas().style.cursor = "pointer";
    });
    this.map.on("mouseleave", "grids", () => {
      if (hover) hover.textContent = "";
      this.map.getCanvas().style.cursor = "";
    });
    this.map.on("click", ({ point, lngLat }) => {
      const query = `lon=${lngLat.lng.toFixed(6)}&lat=${lngLat.lat.toFixed(6)}`;
      if (this.settings.locate) return location.assign(`${this.settings.locate}&${query}&system=WGS84#${decodeURIComponent(this.state)}`);
      const [hit] = this.map.queryRenderedFeatures(point, { layers: ["grids"] });
      if (this.settings.moves && this.part("editing")?.checked) return htmx.ajax("GET", `${this.settings.moves}?${query}`, { target: "#moves", swap: "outerHTML" });
      return this.select(hit?.properties.code ?? "");
    });
    document.addEventListener("click", (event) => {
      const row = event.target.closest("[data-show]");
      if (!row || (event.target.closest("a") && !event.target.closest("a").hasAttribute("data-stay"))) return;
      event.preventDefault();
      this.select(row.dataset.show);
      const place = [Number(row.dataset.lon), Number(row.dataset.lat)];
      if ("mark" in row.dataset) this.mark(place);
      this.map.flyTo({ center: place, zoom: Math.max(this.map.getZoom(), 14) });
    });
    addEventListener("hashchange", () => {
      this.state = new URLSearchParams(location.hash.slice(1));
      const [zoom, lat, lng] = this.state.get("view")?.split("/").map(Number) ?? [];
      if (zoom) this.map.flyTo({ zoom, center: [lng, lat] });
      if (this.state.has("grid")) this.select(this.state.get("grid"), { remember: false });
    });
    document.body.addEventListener("plan-changed", () => this.reload());
    document.body.addEventListener("htmx:afterSwap", () => {
      const place = document.getElementById("place-shape");
      this.map.getSource("place")?.setData(place ? JSON.parse(place.textContent) : { type: "FeatureCollection", features: [] });
    });
  }
}

for (const element of document.querySelectorAll("[data-map]")) new PlanMap(element).open();
