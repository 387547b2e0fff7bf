// The map component: background tiles, grids, selection. Attached to [data-map]; its words come from the page.
const RAMP = ["#e6f4f1", "#b9dedb", "#86c5c4", "#4aa5ab", "#0b7285", "#094d5a"];
// Okabe and Ito: eight colours that colour-blind eyes tell apart.
const EIGHT = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999999"];

function breaks(lower, upper) {
  const third = Math.floor((upper + 1 - lower) / 3);
  return [lower, lower + third, lower + 2 * third, upper + 1, 2 * upper];
}

function stepped(value, limits) {
  return ["step", value, RAMP[0], ...limits.flatMap((limit, i) => [limit, RAMP[i + 1]])];
}

function fill(by, settings) {
  const limits = breaks(settings.lower, settings.upper);
  const colour = {
    households: stepped(["get", "households"], limits),
    fullness: stepped(["get", "fullness"], limits.map((limit) => limit / settings.upper)),
    identity: ["at", ["get", "colour"], ["literal", EIGHT]],
  }[by];
  return ["case", ["==", ["get", "kind"], "uninhabited"], "#e4e0d8", ["==", ["get", "kind"], "exclusive"], "#c8b6e2", colour];
}

function tileUrl(settings, archive) {
  return `${location.origin}${settings.tiles.replace("ARCHIVE", archive)}/{z}/{x}/{y}`;
}

function style(settings, dataset) {
  const line = (id, layer, paint, extra = []) => ({
    id, type: "line", source: "base", "source-layer": "base", filter: ["all", ["==", ["get", "layer"], layer], ...extra], paint,
  });
  const area = (id, layer, colour) => ({
    id, type: "fill", source: "base", "source-layer": "base",
    filter: ["all", ["==", ["get", "layer"], layer], ["==", ["geometry-type"], "Polygon"]], paint: { "fill-color": colour },
  });
  const sources = {
    base: { type: "vector", tiles: [tileUrl(settings, "base")], minzoom: 8, maxzoom: 14 },
    buildings: { type: "vector", tiles: [tileUrl(settings, "buildings")], minzoom: 13, maxzoom: 15 },
    grids: { type: "geojson", data: settings.grids, promoteId: "code", attribution: settings.attribution },
  };
  const layers = [{ id: "ground", type: "background", paint: { "background-color": "#f4f1ea" } }];
  if (dataset.basemap) {
    sources.basemap = { type: "raster", tiles: [dataset.basemap], tileSize: 256, attribution: dataset.basemapAttribution };
    layers.push({ id: "basemap", type: "raster", source: "basemap" });
  }
  layers.push(
    area("landuse", "landuse", "#e9ecd9"),
    {
      id: "grids", type: "fill", source: "grids",
      paint: { "fill-color": fill("households", settings), "fill-opacity": ["interpolate", ["linear"], ["zoom"], 12, 0.85, 16, 0.45] },
    },
    area("water", "water", "#a8cbe6"),
    line("rivers", "barrier", { "line-color": "#7fb0d6", "line-width": 1.5 }, [["==", ["get", "kind"], "waterway"]]),
    line("roads", "roads", { "line-color": "#ffffff", "line-width": ["interpolate", ["linear"], ["zoom"], 11, 0.5, 16, 4] }),
    line("railways", "barrier", { "line-color": "#5c5c5c", "line-width": 1.2, "line-dasharray": [4, 2] }, [["==", ["get", "kind"], "railway"]]),
    {
      id: "buildings", type: "fill", source: "buildings", "source-layer": "buildings", minzoom: 13,
      paint: { "fill-color": ["match", ["get", "kind"], "residential", "#8d6e63", "#b5aea6"], "fill-opacity": 0.8 },
    },
    { id: "borders", type: "line", source: "grids", paint: { "line-color": "#17424b", "line-width": ["interpolate", ["linear"], ["zoom"], 11, 0.5, 16, 2] } },
    {
      id: "broken", type: "line", source: "grids", paint: { "line-color": "#c92a2a", "line-width": 2.5 },
      filter: ["==", ["get", "in_range"], false],
    },
    { id: "selected", type: "line", source: "grids", paint: { "line-color": "#111", "line-width": 4 }, filter: ["==", ["get", "code"], settings.select ?? ""] },
  );
  if (settings.moved) {
    sources.moved = { type: "geojson", data: settings.moved };
    layers.push({
      id: "moved", type: "circle", source: "moved",
      paint: { "circle-radius": 4, "circle-color": "#d55e00", "circle-stroke-color": "#fff", "circle-stroke-width": 1 },
    });
  }
  return { version: 8, sources, layers };
}

function legend(box, settings) {
  const limits = breaks(settings.lower, settings.upper);
  const names = [`< ${limits[0]}`, ...limits.slice(1).map((limit, i) => `${limits[i]}–${limit - 1}`), `≥ ${limits.at(-1)}`];
  box.querySelector("[data-classes]").replaceChildren(
    ...names.map((name, i) => {
      const row = document.createElement("div");
      const swatch = document.createElement("i");
      swatch.style.background = RAMP[i];
      row.append(swatch, name);
      return row;
    }),
  );
}

function attach(element) {
  const settings = JSON.parse(document.getElementById(element.dataset.map).textContent);
  const state = new URLSearchParams(location.hash.slice(1));
  const view = state.get("view")?.split("/").map(Number);
  const map = new maplibregl.Map({
    container: element.querySelector("[data-canvas]"),
    style: style(settings, element.dataset),
    ...(view?.length === 3 ? { zoom: view[0], center: [view[2], view[1]] } : { bounds: settings.bounds, fitBoundsOptions: { padding: 20 } }),
    attributionControl: { compact: false },
    preserveDrawingBuffer: true,
  });
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }));
  map.addControl(new maplibregl.ScaleControl());
  const box = element.querySelector("[data-legend]");
  if (box) legend(box, settings);
  const card = element.querySelector("[data-card]");
  const hover = element.querySelector("[data-hover]");
  const describe = (p) => `${p.code} · ${p.households}`;

  const select = (code) => {
    map.setFilter("selected", ["==", ["get", "code"], code]);
    state.set("grid", code);
    remember();
  };
  const remember = () => {
    const c = map.getCenter();
    state.set("view", [map.getZoom().toFixed(2), c.lat.toFixed(5), c.lng.toFixed(5)].join("/"));
    history.replaceState(null, "", `#${state}`);
  };
  const show = (p) => {
    select(p.code);
    if (!card) return;
    card.hidden = false;
    for (const slot of card.querySelectorAll("[data-value]")) slot.textContent = p[slot.dataset.value] ?? "—";
    card.querySelector("a").href = settings.grid_page.replace("CODE", p.code);
  };
  map.on("load", () => {
    element.dataset.ready = "true";
    if (state.get("grid") && !settings.select) select(state.get("grid"));
  });
  map.on("moveend", remember);
  map.on("mousemove", "grids", (event) => {
    if (hover) hover.textContent = describe(event.features[0].properties);
  });
  map.on("mouseleave", "grids", () => {
    if (hover) hover.textContent = "";
  });
  map.on("click", (event) => {
    if (settings.locate) {
      const point = new URLSearchParams(location.search);
      point.set("lon", event.lngLat.lng.toFixed(6));
      point.set("lat", event.lngLat.lat.toFixed(6));
      point.set("system", "WGS84");
      location.assign(`${settings.locate}?${point}${location.hash}`);
      return;
    }
    const [hit] = map.queryRenderedFeatures(event.point, { layers: ["grids"] });
    if (hit) show(hit.properties);
  });
  if (settings.point) new maplibregl.Marker({ color: "#c92a2a" }).setLngLat(settings.point).addTo(map);
  element.querySelector("[data-colouring]")?.addEventListener("change", (event) => {
    map.setPaintProperty("grids", "fill-color", fill(event.target.value, settings));
    if (box) box.hidden = event.target.value === "identity";
  });
  for (const toggle of element.querySelectorAll("[data-layer]")) {
    toggle.addEventListener("change", () => {
      for (const id of toggle.dataset.layer.split(" ")) {
        if (map.getLayer(id)) map.setLayoutProperty(id, "visibility", toggle.checked ? "visible" : "none");
      }
    });
  }
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-show]");
    if (!row) return;
    select(row.dataset.show);
    map.flyTo({ center: [Number(row.dataset.lon), Number(row.dataset.lat)], zoom: Math.max(map.getZoom(), 14) });
  });
}

document.querySelectorAll("[data-map]").forEach(attach);
