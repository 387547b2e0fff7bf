// Follows the system's wish for light or dark, except on pages made for paper; loaded before the page is painted.
const wish = matchMedia("(prefers-color-scheme: dark)");
const follow = () => { document.documentElement.dataset.bsTheme = wish.matches && !document.documentElement.hasAttribute("data-paper") ? "dark" : "light"; };
follow();
wish.addEventListener("change", follow);
