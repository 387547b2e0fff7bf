// Two plans compared: a second map over the first, cut at a line that a slider moves; the two move together.
export function compare(element, map, makeOther) {
  const box = element.querySelector("[data-swipe]");
  if (!box) return;
  const slider = box.querySelector("input");
  const canvas = element.querySelector("[data-canvas-other]");
  let other = null;
  const cut = (percent) => {
    canvas.style.clipPath = `inset(0 ${100 - percent}% 0 0)`;
    for (const part of box.querySelectorAll("[data-at-line]")) part.style.insetInlineStart = `${percent}%`;
  };
  const follow = (from, to) => from.on("move", () => {
    if (from.following) return;
    to.following = true;
    to.jumpTo({ center: from.getCenter(), zoom: from.getZoom() });
    to.following = false;
  });
  const set = async (mode) => {
    element.dataset.mode = mode;
    box.hidden = mode !== "swipe";
    canvas.hidden = mode === "this";
    if (mode === "this") return;
    cut(mode === "other" ? 100 : slider.valueAsNumber);
    if (other === null) {
      other = await makeOther(canvas);
      follow(map, other);
      follow(other, map);
    }
    other.jumpTo({ center: map.getCenter(), zoom: map.getZoom() });
    other.resize();
  };
  slider.addEventListener("input", () => cut(slider.valueAsNumber));
  for (const choice of element.querySelectorAll("[name=compare]")) choice.addEventListener("change", () => set(choice.value));
}
