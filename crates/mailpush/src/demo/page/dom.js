// Making and updating elements. Texts from the mailbox only ever become text nodes.

/** An element with attributes and children (texts or elements). */
export function element(name, attributes = {}, children = []) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...[children].flat());
  return made;
}

const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Brings the rows of `list` to `items`, by key: rows come, move, change and go. `fill` updates a row. */
export function keyed(list, items, key, make, fill) {
  const rows = new Map([...list.children].filter((row) => !row.classList.contains("leave")).map((row) => [row.dataset.key, row]));
  const first = rows.size === 0;
  let place = list.firstElementChild;
  for (const item of items) {
    const id = String(key(item));
    let row = rows.get(id);
    if (!row) {
      row = make(item);
      row.dataset.key = id;
      if (!first) row.classList.add("arrive");
    }
    rows.delete(id);
    fill(row, item);
    while (place && place.classList.contains("leave")) place = place.nextElementSibling;
    if (row === place) place = place.nextElementSibling;
    else list.insertBefore(row, place);
  }
  for (const row of rows.values()) leave(row);
}

function leave(row) {
  if (calm.matches || document.hidden) return row.remove();
  row.classList.add("leave");
  row.removeAttribute("data-testid");
  row.setAttribute("aria-hidden", "true");
  row.addEventListener("animationend", () => row.remove(), { once: true });
  // Rows that are not shown never end an animation.
  setTimeout(() => row.remove(), 600);
}

/** The first letters of a name on a colour of its own. */
export function avatar(name) {
  const letters = name.split(/\s+/).filter(Boolean).map((word) => [...word][0]);
  const initials = (letters.length > 1 ? letters[0] + letters.at(-1) : (letters[0] ?? "?")).toUpperCase();
  const face = element("span", { class: "avatar", "aria-hidden": "true" }, initials);
  let hue = 0;
  for (const letter of name) hue = (hue * 31 + letter.codePointAt(0)) % 360;
  face.style.setProperty("--hue", hue);
  return face;
}
