// Colours of the map, for paper by day and by night. Data colours are the same in both.
export const RAMP = ["#e3f1ee", "#b5dad6", "#7fc0c0", "#429fa7", "#0b7285", "#084552"];
// Okabe and Ito, without the yellow that paper swallows and with a slate: eight that colour-blind eyes tell apart.
export const EIGHT = ["#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#8c8c8c", "#b8a13a"];
export const EXCLUSIVE = "#c9b3e3";

export const DAY = {
  ground: "#f3f0e8", water: "#b3d3ea", waterLine: "#8dbbdb", waterInk: "#2f6690", border: "#23454d", division: "#8a3f5c",
  ink: "#1d2b2f", softInk: "#5b4b3a", halo: "#ffffff", uninhabited: "#e8e4da",
  minor: "#ffffff", middle: "#fff6d9", major: "#fbdf9d", motorway: "#f2b27c", casing: "#b8ae9b", rail: "#555b5e",
  green: "#d3e3c0", field: "#ebeacb", built: "#e9e3dc", works: "#e2dbe6", other: "#eeebe3",
  homes: "#cdb9a4", trade: "#d79c8f", works_building: "#b3a7bd", office: "#93acc4", civic: "#d8c06f", otherBuilding: "#cbc6bc", edge: "#8f8577",
};
export const NIGHT = {
  ground: "#1b2326", water: "#20405a", waterLine: "#2f5b7d", waterInk: "#9cc7ea", border: "#0e1719", division: "#e08fae",
  ink: "#f2f6f7", softInk: "#d6cbbd", halo: "#162023", uninhabited: "#2a3336",
  minor: "#3e4a4e", middle: "#58605c", major: "#7a6c44", motorway: "#8f6238", casing: "#12191c", rail: "#9aa4a8",
  green: "#26382c", field: "#2e342a", built: "#2b3032", works: "#312c37", other: "#252d30",
  homes: "#7d6c5b", trade: "#8f5a50", works_building: "#655a70", office: "#4b647c", civic: "#837333", otherBuilding: "#5b5b57", edge: "#20282b",
};

// Breaks of households per grid: below the norm, three steps inside it, above it, twice above it.
export function breaks(lower, upper) {
  const third = Math.max(1, Math.floor((upper + 1 - lower) / 3));
  return [lower, lower + third, lower + 2 * third, upper + 1, 2 * upper];
}

// The classes of a legend: their texts, in the order of RAMP.
export function classes(by, { lower, upper }, number) {
  const limits = breaks(lower, upper);
  if (by === "fullness") {
    const shares = limits.map((limit) => `${Math.round((100 * limit) / upper)} %`);
    return [`< ${shares[0]}`, ...shares.slice(1).map((share, i) => `${shares[i]} – ${share}`), `≥ ${shares.at(-1)}`];
  }
  const inner = limits.slice(1).map((limit, i) => `${number(limits[i])} – ${number(limit - 1)}`);
  return [`< ${number(limits[0])}`, ...inner, `≥ ${number(limits.at(-1))}`];
}
