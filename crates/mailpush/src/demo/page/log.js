// The list of frames as they came, newest first.
import { element } from "/dom.js";

const MOST_ROWS = 60;

export class FrameLog {
  #list = document.getElementById("log");
  #cursor = document.getElementById("cursor");
  #frames = 0;
  #octets = 0;

  /** `moved` is what moved with this frame. */
  add(frame, moved) {
    this.#frames += 1;
    this.#octets += frame.octets;
    this.#list.prepend(this.#row(frame, moved));
    while (this.#list.children.length > MOST_ROWS) this.#list.lastElementChild.remove();
    if (frame.id !== null) this.#showCursor(frame.id);
    document.getElementById("log-count").textContent = `${this.#frames} frames`;
    document.getElementById("log-octets").textContent = octets(this.#octets);
  }

  /** A line of the page's own among the frames: gone offline, connected again. */
  note(text) {
    this.#list.prepend(element("li", { class: "note" }, text));
  }

  clearCursor() {
    this.#cursor.textContent = "none yet";
    this.#cursor.removeAttribute("title");
  }

  #showCursor(id) {
    this.#cursor.textContent = id;
    this.#cursor.title = id;
  }

  #row(frame, moved) {
    const kind = frame.data !== null ? frame.event : frame.comment === null ? "retry" : "comment";
    const head = element("div", { class: "head" }, [
      element("span", { class: `kind ${frame.data === null ? "dim" : ""}` }, kind),
      ...moved.map(({ part, to }) => element("span", { class: `moved ${part}` }, `${part} → ${to}`)),
      element("time", {}, clock(new Date())),
    ]);
    const row = element("li", { "data-testid": "stream-row", "data-kind": kind }, [head]);
    row.append(element("code", {}, wire(frame)));
    return row;
  }
}

function wire(frame) {
  const lines = [];
  if (frame.comment !== null) lines.push(`: ${frame.comment}`);
  if (frame.retry !== null) lines.push(`retry: ${frame.retry}`);
  if (frame.data !== null) lines.push(`event: ${frame.event}`);
  if (frame.id !== null) lines.push(`id: ${frame.id.length > 28 ? `${frame.id.slice(0, 12)}…${frame.id.slice(-12)}` : frame.id}`);
  if (frame.data !== null) lines.push(...frame.data.split("\n").map((line) => `data: ${line}`));
  return lines.join("\n");
}

function clock(date) {
  const two = (number) => String(number).padStart(2, "0");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${time}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

export function octets(count) {
  if (count < 1000) return `${count} B`;
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}
