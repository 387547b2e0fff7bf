// Small behaviours of any page.
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, textarea, select")) {
    event.preventDefault();
    document.querySelector("input[type=search]")?.focus();
  }
  if (event.key === "Escape") document.getElementById("found")?.replaceChildren();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[role=search]") || event.target.closest("#found a")) document.getElementById("found")?.replaceChildren();
});

// The device's position, asked for once and only sent with the question.
document.querySelector("[data-position]")?.addEventListener("click", (event) => {
  const note = document.querySelector("[data-position-note]");
  const form = event.target.closest("form");
  const give = ({ coords }) => {
    form.elements.lon.value = coords.longitude.toFixed(6);
    form.elements.lat.value = coords.latitude.toFixed(6);
    form.elements.system.value = "WGS84";
    form.submit();
  };
  if (navigator.geolocation) navigator.geolocation.getCurrentPosition(give, () => { note.hidden = false; });
  else note.hidden = false;
});

// A sheet of paper keeps its size and is looked at from further away where the screen is smaller; see print.css.
const sheet = document.querySelector(".notice");
if (sheet) {
  const fit = () => { sheet.style.scale = innerWidth > 800 ? Math.min(1, document.documentElement.clientWidth / sheet.offsetWidth) : ""; };
  addEventListener("resize", fit);
  fit();
}

document.querySelector("[data-print]")?.addEventListener("click", () => print());

// A form sent from a page keeps the view of its map: the fragment goes with the address it is sent to.
document.addEventListener("submit", ({ target }) => {
  if (target.method === "post" && target.hasAttribute("data-keep-view")) target.action = `${target.action.split("#")[0]}${location.hash}`;
});
