// The histogram of households per grid, the norm's range shaded. Data and words come from the page.
import { ACCENT, frame, theme } from "./chart/frame.js";

function draw(element) {
  const { rows, lower, upper, title, x, y, norm } = JSON.parse(document.getElementById(element.dataset.histogram).textContent);
  const { ink, line, axis, base } = theme();
  // Columns on a continuous axis, so that the norm's limits lie where they are, not at the edge of a class.
  frame(element, title, {
    ...base,
    grid: { left: 46, right: 16, top: 30, bottom: 42 },
    tooltip: { trigger: "item", formatter: ({ dataIndex: i }) => `${rows[i].from}–${rows[i].to - 1}: ${rows[i].grids}` },
    xAxis: { ...axis, type: "value", min: rows[0].from, max: rows.at(-1).to, name: x, nameLocation: "middle", nameGap: 26, splitLine: { show: false } },
    yAxis: { ...axis, type: "value", name: y, minInterval: 1, splitLine: { lineStyle: { color: line } } },
    series: [{
      type: "bar", data: rows.map((row) => [(row.from + row.to) / 2, row.grids]), barCategoryGap: "4%", itemStyle: { color: ACCENT },
      markArea: { silent: true, itemStyle: { color: "rgba(43,138,62,0.14)" }, label: { color: ink, position: "top" }, data: [[{ name: norm, xAxis: lower }, { xAxis: upper + 1 }]] },
    }],
  });
}

const all = () => document.querySelectorAll("[data-histogram]:not([_echarts_instance_])").forEach(draw);
all();
document.body.addEventListener("htmx:afterSettle", all);
