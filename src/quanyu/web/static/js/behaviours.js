// Small behaviours of any page.
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, textarea, select")) {
    event.preventDefault();
    document.querySelector("input[type=search]")?.focus();
  }
});

document.querySelector("[data-position]")?.addEventListener("click", (event) => {
  const note = document.querySelector("[data-position-note]");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => location.assign(`?lon=${coords.longitude}&lat=${coords.latitude}&system=WGS84`),
    () => { note.hidden = false; },
  );
  event.preventDefault();
});
