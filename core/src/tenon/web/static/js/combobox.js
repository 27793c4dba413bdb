// A reference field as a combobox (WAI-ARIA 1.2, list autocomplete) over the select that works without a script.
(() => {
  "use strict";
  let number = 0;

  function upgrade(box) {
    if (box.dataset.ready) return;
    box.dataset.ready = "1";
    const select = box.querySelector("select");
    const input = document.createElement("input");
    const list = document.createElement("ul");
    const status = document.createElement("div");
    const id = `combo-${++number}`;
    Object.assign(input, { type: "text", className: select.className.replace("form-select", "form-control"), autocomplete: "off", placeholder: box.dataset.hint });
    const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id, dir: "auto" };
    ["aria-invalid", "aria-describedby", "required"].forEach((name) => { if (select.hasAttribute(name)) attributes[name] = select.getAttribute(name); });
    Object.entries(attributes).forEach(([name, value]) => input.setAttribute(name, value));
    Object.assign(list, { id, className: "t-combo-list", hidden: true });
    list.setAttribute("role", "listbox");
    const label = document.querySelector(`label[for="${select.id}"]`);
    if (label) list.setAttribute("aria-label", label.textContent.trim());
    status.className = "visually-hidden";
    status.setAttribute("role", "status");
    input.value = select.selectedOptions[0]?.textContent.trim() || "";
    input.id = select.id;
    select.removeAttribute("id");
    select.removeAttribute("required");
    select.hidden = true;
    box.querySelector("[data-fallback]")?.remove();
    box.append(input, list, status);
    let options = [];
    let active = -1;
    let timer = 0;
    let asked = 0;

    const close = () => { list.hidden = true; active = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
    const choose = (option) => {
      let known = [...select.options].find((item) => item.value === option.id);
      if (!known) { known = new Option(option.title, option.id); select.add(known); }
      select.value = option.id;
      input.value = option.title;
      select.dispatchEvent(new Event("change", { bubbles: true }));
      close();
    };
    const mark = (index) => {
      active = index;
      [...list.children].forEach((item, at) => {
        item.setAttribute("aria-selected", String(at === index));
        if (at === index) { input.setAttribute("aria-activedescendant", item.id); item.scrollIntoView({ block: "nearest" }); }
      });
    };
    const show = (found) => {
      options = found;
      active = -1;
      list.replaceChildren(...found.map((option, at) => {
        const item = document.createElement("li");
        item.id = `${id}-${at}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.dir = "auto";
        item.textContent = option.title;
        item.addEventListener("mousedown", (event) => { event.preventDefault(); choose(option); });
        return item;
      }));
      list.hidden = found.length === 0;
      input.setAttribute("aria-expanded", String(!list.hidden));
      status.textContent = found.length ? box.dataset.count.replace("{n}", found.length) : box.dataset.none;
    };
    const search = async () => {
      const turn = ++asked;
      try {
        const answer = await fetch(`${box.dataset.url}?q=${encodeURIComponent(input.value)}`, { headers: { Accept: "application/json" } });
        if (turn === asked && answer.ok) show((await answer.json()).data);
      } catch { close(); }
    };

    input.addEventListener("input", () => {
      if (!input.value.trim()) select.value = "";
      clearTimeout(timer);
      timer = setTimeout(search, 150);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) { search(); return; }
        const step = event.key === "ArrowDown" ? 1 : -1;
        mark((active + step + options.length) % options.length);
      } else if (event.key === "Enter" && !list.hidden && active >= 0) {
        event.preventDefault();
        choose(options[active]);
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        close();
      }
    });
    input.addEventListener("blur", () => {
      clearTimeout(timer);
      asked += 1;
      close();
      input.value = select.value ? select.selectedOptions[0].textContent.trim() : "";
    });
  }

  const upgradeAll = (root) => root.querySelectorAll("[data-combobox]").forEach(upgrade);
  upgradeAll(document);
  document.addEventListener("htmx:after:swap", () => upgradeAll(document));
})();
