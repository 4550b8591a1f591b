// The telephone and what is left of its owner's credit.
import { element, keyed } from "/dom.js";

const $ = (id) => document.getElementById(id);
const many = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

export function drawPhone({ number, count, available, grant, hasEnded, texts }) {
  set("phone-number", number);
  set("phone-count", `${count} sent`);
  $("phone-empty").hidden = texts.length > 0;
  keyed($("texts"), texts, (text) => text.id, bubble, () => {});
  drawCredit(available, grant);
  set("phone-ended", hasEnded ? "The credit did not reach for the last text. notifyd has sent one mail that says so." : "");
  $("phone-ended").classList.toggle("on", hasEnded);
  $("top-up").disabled = available >= grant;
}

function drawCredit(available, grant) {
  set("credit", String(available));
  set("credit-unit", available === 1 ? "segment left" : "segments left");
  const pips = $("pips");
  const most = Math.max(grant, available);
  pips.setAttribute("aria-valuemax", most);
  pips.setAttribute("aria-valuenow", available);
  pips.setAttribute("aria-valuetext", many(available, "segment"));
  while (pips.children.length > most) pips.lastElementChild.remove();
  while (pips.children.length < most) pips.append(element("i"));
  [...pips.children].forEach((pip, place) => pip.classList.toggle("left", place < available));
}

/** A text as it came, with a mark where one segment ends and the next begins. */
function bubble({ from, parts, alphabet, price }) {
  const pieces = parts.flatMap((part, place) => [
    ...(place === 0 ? [] : [element("span", { class: "cut", "aria-hidden": "true" })]),
    element("span", { "data-testid": "segment" }, part),
  ]);
  const facts = [alphabet, many(parts.length, "segment"), price === null ? "" : `costs ${price}`];
  return element("li", { "data-testid": "text-row" }, [
    element("div", { class: "text" }, [
      element("p", { class: "who" }, [element("bdi", {}, from)]),
      element("p", { class: "bubble", dir: "auto", "data-testid": "text" }, pieces),
      element("p", { class: "facts", "data-testid": "text-facts" }, facts.filter(Boolean).join(" · ")),
    ]),
  ]);
}

function set(id, text) {
  const target = $(id);
  if (target.textContent !== text) target.textContent = text;
}
