// The chart of a comparison: figures over the number of grids, one panel each, or quality over households moved.
// Data and words come from the page.
import { ACCENT, frame, theme } from "./chart/frame.js";

// The norms asked for stand out by colour and by shape.
const MARK = "#d9480f";
const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });
const said = (value) => (value === null || value === undefined ? "—" : number.format(value));
const present = (point) => (point.is_current ? { itemStyle: { color: MARK }, symbol: "diamond", symbolSize: 14 } : {});
// What the diamond means: a series without points, for the legend alone.
const key = (current) => ({ name: current, type: "scatter", symbol: "diamond", color: MARK, data: [] });
const legend = (current, ink) => ({ data: [current], right: 12, top: 0, itemWidth: 13, itemHeight: 13, selectedMode: false, textStyle: { color: ink } });

// One panel below the other, over the same numbers of grids.
function overCounts(element, { points, panels, names, grids, current }) {
  const { ink, line, axis, base } = theme();
  // A number shared out among all pieces of ground; where the norms name none, they stand apart from the line.
  const fixed = points.filter((point) => point.asked !== null);
  const free = points.filter((point) => point.asked === null);
  const pitch = (element.clientHeight - 50) / panels.length;
  const place = (i) => ({ left: 62, right: 20, top: 30 + i * pitch, height: pitch - 40 });
  const last = (i) => i === panels.length - 1;
  const series = (name, i) => [
    {
      name: names[name], type: i === 0 ? "line" : "bar", xAxisIndex: i, yAxisIndex: i, symbolSize: 8, barMaxWidth: 28, color: ACCENT,
      data: fixed.map((point) => ({ value: point[name] ?? "-", ...present(point) })),
    },
    {
      name: names[name], type: "scatter", xAxisIndex: i, yAxisIndex: i, symbol: "diamond", symbolSize: 14, z: 3,
      itemStyle: { color: MARK, opacity: 1, borderColor: "#fff" },
      data: free.map((point) => [String(point.basic), point[name]]),
    },
  ];
  return {
    ...base,
    tooltip: { trigger: "item", formatter: ({ seriesName, name, value, data }) => `${name || data[0]} ${grids}<br>${seriesName}: ${said(Array.isArray(value) ? value[1] : value)}` },
    grid: panels.map((_, i) => place(i)),
    xAxis: panels.map((_, i) => ({ ...axis, gridIndex: i, type: "category", data: fixed.map((point) => String(point.asked)), axisLabel: { ...axis.axisLabel, show: last(i) }, name: last(i) ? grids : "", nameLocation: "middle", nameGap: 28 })),
    yAxis: panels.map((name, i) => ({
      ...axis, gridIndex: i, type: "value", scale: i === 0, splitNumber: 3, name: names[name],
      nameTextStyle: { ...axis.nameTextStyle, align: "left", padding: [0, 0, 0, -54] }, splitLine: { lineStyle: { color: line } },
    })),
    legend: legend(current, ink),
    series: [...panels.flatMap(series), key(current)],
  };
}

// A line from the plan that is free to move all to the one that moves the least, and what is proven to move.
function overMoves(element, { points, quality, names, closeness, current, least_moved: least, least: words }) {
  const { ink, line, sheet, axis, base } = theme();
  const proven = least
    ? { silent: true, symbol: "none", lineStyle: { color: ink, type: "dashed" }, label: { formatter: words, color: ink, backgroundColor: sheet, position: "middle", rotate: 0, align: "left", offset: [6, 0] }, data: [{ xAxis: least }] }
    : undefined;
  const middle = Math.max(...points.map((point) => point.moved ?? 0)) / 2;
  // The two ends are named; the points between them are told by the table, and by pointing.
  const named = (i) => i === 0 || i === points.length - 1;
  const label = (point, i) => ({ label: { show: named(i), position: point.moved > middle ? "left" : "right" } });
  return {
    ...base,
    tooltip: { trigger: "item", formatter: ({ dataIndex: i }) => `${closeness}: ${said(points[i].asked)}<br>${names.moved}: ${said(points[i].moved)}<br>${names[quality]}: ${said(points[i][quality])}` },
    grid: { left: 62, right: 30, top: 36, bottom: 44 },
    xAxis: { ...axis, type: "value", min: 0, splitNumber: Math.round(element.clientWidth / 140), name: names.moved, nameLocation: "middle", nameGap: 28, splitLine: { show: false } },
    yAxis: { ...axis, type: "value", scale: true, name: names[quality], nameTextStyle: { ...axis.nameTextStyle, align: "left", padding: [0, 0, 0, -54] }, splitLine: { lineStyle: { color: line } } },
    series: [{
      type: "line", color: ACCENT, symbolSize: 9, markLine: proven,
      data: points.map((point, i) => ({ value: [point.moved, point[quality]], ...present(point), ...label(point, i) })),
      label: { color: ink, backgroundColor: sheet, formatter: ({ dataIndex: i }) => `${closeness}: ${said(points[i].asked)}` },
    }, key(current)],
    legend: legend(current, ink),
  };
}

for (const element of document.querySelectorAll("[data-comparison]")) {
  const chart = JSON.parse(document.getElementById(element.dataset.comparison).textContent);
  frame(element, chart.title, chart.kind === "counts" ? overCounts(element, chart) : overMoves(element, chart));
}
