"use strict";
// Tables that sort and copy, and photos that open large. Without it the pages say the same.
(() => {
  const text = (cell) => cell.textContent.replace(/\s+/g, " ").trim();
  const make = (tag, attributes, content) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.append(...content);
    return element;
  };

  const number = (cell) => {
    const found = text(cell).replace(/,/g, "").replace(/^[−–]/, "-").match(/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?/i);
    return found ? Number(found[0]) : null;
  };

  // What has no value goes last, whichever the direction.
  const compare = (one, other, numeric, sign) => {
    if (!numeric) return sign * text(one).localeCompare(text(other), "en", { numeric: true });
    const [a, b] = [number(one), number(other)];
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (a - b);
  };

  const sort = (table, head) => {
    const place = head.cellIndex;
    const numeric = head.classList.contains("n");
    const before = head.getAttribute("aria-sort");
    const descending = before ? before === "ascending" : numeric;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((a, b) => compare(a.cells[place], b.cells[place], numeric, descending ? -1 : 1));
    body.append(...rows);
  };

  const copy = async (table, status) => {
    const rows = [...table.rows].map((row) => [...row.cells].map(text).join("\t")).join("\n");
    try {
      await navigator.clipboard.writeText(rows);
    } catch {
      const area = make("textarea", { value: rows }, []);
      document.body.append(area);
      area.select();
      document.execCommand("copy"); // where a page without https may not use the clipboard
      area.remove();
    }
    status.textContent = "Copied, with tabs between the columns.";
  };

  for (const table of document.querySelectorAll("table")) {
    const rows = table.tBodies[0] ? table.tBodies[0].rows.length : 0;
    if (!table.tHead || !rows) continue;
    const caption = table.caption ? text(table.caption) : "";
    const status = make("span", { role: "status", className: "muted" }, []);
    const button = make("button", { type: "button", className: "copy" }, ["Copy table"]);
    button.setAttribute("aria-label", `Copy table: ${caption}`);
    button.addEventListener("click", () => copy(table, status));
    (table.closest(".scroll") || table).after(make("p", { className: "tools" }, [button, status]));
    if (rows < 2) continue;
    for (const head of table.tHead.rows[0].cells) {
      if (!text(head)) continue;
      const sorter = make("button", { type: "button", className: "sort" }, [...head.childNodes]);
      sorter.addEventListener("click", () => sort(table, head));
      head.append(sorter);
    }
  }

  const links = [...document.querySelectorAll("a.open")];
  if (!links.length) return;
  const shown = make("div", { className: "shown" }, []);
  const close = make("button", { type: "button", className: "close" }, ["Close"]);
  const dialog = make("dialog", {}, [close, shown]);
  dialog.setAttribute("aria-label", "Photo, large");
  document.body.append(dialog);
  const figures = [...new Set(links.map((link) => link.closest("figure")))];
  let opener = links[0];
  const show = (figure) => {
    const large = figure.cloneNode(true);
    for (const link of large.querySelectorAll("a.open")) link.replaceWith(...link.childNodes);
    for (const picture of large.querySelectorAll("img")) picture.loading = "eager";
    shown.replaceChildren(large);
  };
  for (const link of links) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      opener = link;
      show(link.closest("figure"));
      dialog.showModal();
    });
  }
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => opener.focus());
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const place = figures.indexOf(opener.closest("figure")) + step;
    const figure = figures[(place + figures.length) % figures.length];
    opener = figure.querySelector("a.open");
    show(figure);
  });
})();
