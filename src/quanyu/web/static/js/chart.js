// The histogram of households per grid, the norm's range shaded. Data and words come from the page.
function draw(element) {
  const { rows, lower, upper, title, x, y, norm } = JSON.parse(document.getElementById(element.dataset.histogram).textContent);
  const ink = getComputedStyle(document.body).color;
  const line = getComputedStyle(document.body).getPropertyValue("--line");
  const chart = echarts.init(element, null, { renderer: "svg" });
  const axis = { axisLabel: { color: ink }, nameTextStyle: { color: ink } };
  // Columns on a continuous axis, so that the norm's limits lie where they are, not at the edge of a class.
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily.replaceAll('"', "'") },
    grid: { left: 46, right: 16, top: 30, bottom: 42 },
    tooltip: { trigger: "item", formatter: ({ dataIndex: i }) => `${rows[i].from}–${rows[i].to - 1}: ${rows[i].grids}` },
    xAxis: { ...axis, type: "value", min: rows[0].from, max: rows.at(-1).to, name: x, nameLocation: "middle", nameGap: 26, splitLine: { show: false } },
    yAxis: { ...axis, type: "value", name: y, minInterval: 1, splitLine: { lineStyle: { color: line } } },
    series: [{
      type: "bar", data: rows.map((row) => [(row.from + row.to) / 2, row.grids]), barCategoryGap: "4%", itemStyle: { color: "#0b7285" },
      markArea: { silent: true, itemStyle: { color: "rgba(43,138,62,0.14)" }, label: { color: ink, position: "top" }, data: [[{ name: norm, xAxis: lower }, { xAxis: upper + 1 }]] },
    }],
  });
  addEventListener("resize", () => chart.resize());
  const save = (url, kind) => Object.assign(document.createElement("a"), { href: url, download: `${title}.${kind}` }).click();
  const tools = element.parentElement;
  const svg = () => chart.getDataURL({ type: "svg" });
  tools.querySelector("[data-save=svg]").addEventListener("click", () => save(svg(), "svg"));
  tools.querySelector("[data-save=png]").addEventListener("click", () => {
    const image = new Image();
    image.onload = () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 2 * image.width, height: 2 * image.height });
      const context = canvas.getContext("2d");
      context.fillStyle = getComputedStyle(document.body).backgroundColor;
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
      save(canvas.toDataURL("image/png"), "png");
    };
    image.src = svg();
  });
}

const all = () => document.querySelectorAll("[data-histogram]:not([_echarts_instance_])").forEach(draw);
all();
document.body.addEventListener("htmx:afterSettle", all);
