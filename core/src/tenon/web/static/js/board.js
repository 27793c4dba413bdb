// The board: cards move by dragging and by keys. Both send what the form on the card sends.
(() => {
  "use strict";
  const board = document.querySelector("[data-board]");
  if (!board) return;
  let focusNext = null;

  function move(card, to) {
    const values = { to, _version: card.dataset.version };
    focusNext = card.id;
    htmx.ajax("POST", card.dataset.url, { source: card, target: "#board-panel", swap: "innerHTML", values });
  }

  function sort(list) {
    if (list.dataset.ready || !window.Sortable) return;
    list.dataset.ready = "1";
    Sortable.create(list, {
      group: "cards",
      draggable: "[data-card]",
      filter: "select, button, input, summary, [data-fixed]",
      preventOnFilter: false,
      delay: 120,
      delayOnTouchOnly: true,
      animation: 120,
      sort: false,
      onEnd: (event) => { if (event.from !== event.to) move(event.item, event.to.dataset.cards); },
    });
  }

  const sortAll = () => board.querySelectorAll("[data-cards]").forEach(sort);
  const lists = () => [...board.querySelectorAll("[data-cards]")];
  const cards = (list) => [...list.querySelectorAll("[data-card]")];

  function beside(list, step) {
    const all = lists();
    return all[all.indexOf(list) + step];
  }

  board.addEventListener("keydown", (event) => {
    const card = event.target;
    if (!card.matches("[data-card]")) return;
    const list = card.closest("[data-cards]");
    const at = cards(list).indexOf(card);
    const forward = getComputedStyle(board).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      cards(list)[at + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const other = beside(list, event.key === forward ? 1 : -1);
      if (event.shiftKey && other) move(card, other.dataset.cards);
      else if (other) (cards(other)[at] || cards(other).at(-1))?.focus();
    } else {
      return;
    }
    event.preventDefault();
  });

  board.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-move-form]");
    if (!form) return;
    event.preventDefault();
    move(form.closest("[data-card]"), form.elements.to.value);
  });

  // htmx copies attributes from old to new elements, and the security policy forbids it to copy a style.
  document.addEventListener("htmx:before:swap", () => {
    board.querySelectorAll("[style]").forEach((element) => element.removeAttribute("style"));
  });
  document.addEventListener("htmx:after:swap", () => {
    sortAll();
    const card = focusNext && document.getElementById(focusNext);
    const refused = document.getElementById("board-panel").childElementCount;
    if (card && !refused) { card.focus(); focusNext = null; }
  });
  document.addEventListener("htmx:error", () => location.reload());
  sortAll();
})();
