"use strict";
// Sorting and filtering of the table of cases. Without it the table is there all the same.
(function () {
  const table = document.getElementById("cases");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const text = (row, column) => row.cells[column].textContent;
  const number = (words) => parseFloat(words.replace("−", "-").replace("+", ""));

  function order(column, numeric, up) {
    const compare = new Intl.Collator(undefined, { numeric: true }).compare;
    const keyed = rows.map((row) => [numeric ? number(text(row, column)) : text(row, column), row]);
    keyed.sort(([a], [b]) => {
      if (!numeric) return up ? compare(a, b) : compare(b, a);
      if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b); // what has no value comes last
      return up ? a - b : b - a;
    });
    body.append(...keyed.map(([, row]) => row));
  }

  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      order(column, head.classList.contains("n"), up);
    });
  });

  const filter = document.getElementById("filter");
  const matching = document.getElementById("matching");
  const words = rows.map((row) => row.textContent.toLowerCase());
  filter.closest("p").hidden = false;
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      row.hidden = !wanted.every((word) => words[i].includes(word));
      if (!row.hidden) shown += 1;
    });
    matching.textContent = wanted.length ? shown + " of " + rows.length : "";
  });
})();
