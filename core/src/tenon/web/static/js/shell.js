// What every page has: the search key, menus that close, focus that follows.
(() => {
  "use strict";

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      document.querySelector("[data-key='/']")?.focus();
    }
    if (event.key === "Escape") closeMenus(event.target.closest("details.t-menu[open]"));
  });

  document.addEventListener("click", (event) => {
    const inside = event.target.closest("details.t-menu");
    document.querySelectorAll("details.t-menu[open]").forEach((menu) => {
      if (menu !== inside) menu.open = false;
    });
  });

  function closeMenus(menu) {
    if (location.hash === "#menu") location.hash = "#main";
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  }

  // What is typed has its own direction; an empty field keeps the page's, where its caret is looked for.
  document.addEventListener("input", (event) => {
    const own = event.target.matches("textarea, input[type=text], input:not([type])");
    if (!own || event.target.matches("[dir=ltr], [inputmode], [role=combobox]")) return;
    if (event.target.value) event.target.dir = "auto";
    else event.target.removeAttribute("dir");
  });

  // An error summary and a fresh panel are where the reader has to be next.
  document.querySelector("#problems, #failure")?.focus();
  document.addEventListener("htmx:after:swap", (event) => {
    const panel = event.target.closest?.("#move-panel, #board-panel");
    if (panel?.firstElementChild) panel.focus();
  });
})();
