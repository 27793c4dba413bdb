// Lists: select all, count what is selected, and show only what an operator needs.
(() => {
  "use strict";

  document.querySelectorAll("form[data-bulk]").forEach((form) => {
    const all = form.querySelector("[data-select-all]");
    const count = form.querySelector("[data-bulk-count]");
    const boxes = () => [...form.querySelectorAll("input[name='id']")];
    const idle = count?.textContent;
    if (!all || !count) return;
    all.hidden = false;
    all.addEventListener("change", () => {
      boxes().forEach((box) => { box.checked = all.checked; });
      tell();
    });
    form.addEventListener("change", (event) => { if (event.target.name === "id") tell(); });

    function tell() {
      const chosen = boxes().filter((box) => box.checked).length;
      all.checked = chosen > 0 && chosen === boxes().length;
      all.indeterminate = chosen > 0 && !all.checked;
      count.textContent = chosen ? count.dataset.text.replace("{n}", chosen) : idle;
    }
  });

  const filter = document.querySelector("[data-filter-form]");
  if (filter) {
    const show = (name, visible) => {
      const part = filter.querySelector(`[data-for-${name}]`);
      if (part) part.hidden = !visible;
    };
    const choose = () => {
      const op = filter.elements.op.value;
      show("between", op === "between");
      show("within", op === "within");
      show("value", op !== "empty" && op !== "within");
    };
    filter.elements.op.addEventListener("change", choose);
    choose();
  }
})();
