// Follows the system's wish for light or dark; loaded before the page is painted.
const wish = matchMedia("(prefers-color-scheme: dark)");
const follow = () => { document.documentElement.dataset.bsTheme = wish.matches ? "dark" : "light"; };
follow();
wish.addEventListener("change", follow);
