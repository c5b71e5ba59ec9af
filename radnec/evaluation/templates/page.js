"use strict";
// Tables are sorted by their headers, which become buttons; figures get a link that saves them.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const key = (row, column) => {
    const cell = row.cells[column];
    const text = (cell.dataset.sort ?? cell.textContent).trim().replaceAll("\u2212", "-");
    const found = /^[<>\u2264\u2265]?\s*(-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?|-?\u221e)/i.exec(text);
    if (!found) return text;
    return found[1].includes("\u221e") ? (found[1][0] === "-" ? -Infinity : Infinity) : Number(found[1]);
  };
  const empty = (value) => value === "" || value === "\u2013";
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a < b ? -1 : a > b ? 1 : 0;
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a.localeCompare(b, "en", { numeric: true });
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const falling = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const rows = [...body.rows].map((row) => [key(row, column), row]);
      rows.sort(([a], [b]) => empty(a) - empty(b) || (empty(a) ? 0 : falling ? compare(b, a) : compare(a, b)));
      body.append(...rows.map(([, row]) => row));
    });
  });
}
for (const figure of document.querySelectorAll("figure[data-file]")) {
  const link = document.createElement("a");
  link.href = figure.querySelector("img").src;
  link.download = figure.dataset.file;
  link.className = "save";
  link.textContent = "Save " + figure.dataset.file;
  figure.append(link);
}
