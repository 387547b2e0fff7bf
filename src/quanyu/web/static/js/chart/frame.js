// What every chart has: an element with SVG in it that follows the width, the page's colours, and two buttons that save it.
export const ACCENT = "#0b7285";

// The colours of the page's theme, for axes and words.
export function theme() {
  const style = getComputedStyle(document.body);
  const ink = style.color;
  return {
    ink,
    line: style.getPropertyValue("--line"),
    sheet: style.getPropertyValue("--sheet"),
    axis: { axisLabel: { color: ink }, nameTextStyle: { color: ink } },
    base: { animation: false, textStyle: { fontFamily: style.fontFamily.replaceAll('"', "'") } },
  };
}

export function frame(element, title, option) {
  const chart = echarts.init(element, null, { renderer: "svg" });
  chart.setOption(option);
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
