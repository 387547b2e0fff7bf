// The histogram of households per grid, the norm's range shaded. Data and words come from the page.
for (const element of document.querySelectorAll("[data-histogram]")) {
  const { rows, lower, upper, x, y } = JSON.parse(document.getElementById(element.dataset.histogram).textContent);
  const chart = echarts.init(element, null, { renderer: "svg" });
  const label = (row) => `${row.from}–${row.to - 1}`;
  const inside = rows.filter((row) => row.to > lower && row.from <= upper).map(label);
  chart.setOption({
    animation: false,
    grid: { left: 44, right: 12, top: 16, bottom: 40 },
    tooltip: { trigger: "axis" },
    xAxis: { type: "category", data: rows.map(label), name: x, nameLocation: "middle", nameGap: 26 },
    yAxis: { type: "value", name: y },
    series: [{
      type: "bar", data: rows.map((row) => row.grids), itemStyle: { color: "#0b7285" }, barCategoryGap: "8%",
      markArea: inside.length ? { itemStyle: { color: "rgba(43,138,62,0.10)" }, data: [[{ xAxis: inside[0] }, { xAxis: inside.at(-1) }]] } : undefined,
    }],
  });
  addEventListener("resize", () => chart.resize());
}
