// Runs before the first paint, so that a dark dashboard never flashes white. A file of its own
// because the content security policy allows no inline script.
(() => {
  let mode = "system";
  try {
    mode = localStorage.getItem("mltrack.theme") || mode;
  } catch {
    // Storage may be forbidden; the system's choice is then all there is.
  }
  const isDark =
    mode === "dark" || (mode !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
})();
