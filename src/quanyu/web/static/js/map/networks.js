// The grids of several departments over the map: a transparent fill and an outline for each, shown or hidden apart.
const kept = new Map();

export async function networks(element, map, list, read) {
  const boxes = [...element.querySelectorAll("[data-network]")];
  const show = (code, shown) => {
    for (const id of [`network-fill-${code}`, `network-line-${code}`]) {
      if (map.getLayer(id)) map.setLayoutProperty(id, "visibility", shown ? "visible" : "none");
    }
  };
  for (const [i, { code, colour, outlines }] of list.entries()) {
    if (!kept.has(outlines)) kept.set(outlines, await read(outlines));
    const source = `network-${code}`;
    if (map.getSource(source)) continue;
    map.addSource(source, { type: "geojson", data: kept.get(outlines) });
    map.addLayer({ id: `network-fill-${code}`, type: "fill", source, paint: { "fill-color": colour, "fill-opacity": 0.04 } }, "selected-halo");
    // Outlines that lie on each other stay apart: each beside the line, on a side and at a distance of its own.
    map.addLayer({
      id: `network-line-${code}`, type: "line", source, layout: { "line-join": "round" },
      paint: { "line-color": colour, "line-opacity": 0.9, "line-width": ["interpolate", ["linear"], ["zoom"], 10, 0.6, 14, 1.8, 17, 3], "line-offset": ["interpolate", ["linear"], ["zoom"], 12, 0, 16, i * 1.6] },
    }, "selected-halo");
    show(code, boxes.find((box) => box.dataset.network === code)?.checked ?? true);
  }
  for (const box of boxes) box.onchange = () => show(box.dataset.network, box.checked);
  element.querySelector("[data-loading]").hidden = true;
  element.dataset.networks = "ready";
}
