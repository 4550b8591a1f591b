// The mail, calendar and contacts cards, drawn from one snapshot of the mailbox.
import { avatar, element, keyed } from "/dom.js";

const MOST_MESSAGES = 8;
const MOST_ENTRIES = 4;
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });

export function draw(mailbox) {
  drawInbox(mailbox);
  drawCalendar(mailbox.calendar);
  drawContacts(mailbox.contacts);
}

function drawInbox({ account, messages, unread, total, folders }) {
  const list = document.getElementById("inbox");
  keyed(list, messages.slice(0, MOST_MESSAGES), (message) => message.uid, messageRow, fillMessage);
  const badge = document.getElementById("unread");
  if (badge.firstElementChild.textContent !== String(unread)) badge.firstElementChild.textContent = unread;
  badge.classList.toggle("none", unread === 0);
  document.title = unread > 0 ? `(${unread}) mailpush demo` : "mailpush demo";
  set("account", account);
  set("inbox-count", `${total} ${total === 1 ? "message" : "messages"}`);
  set("folders", folders.map((folder) => `${folder.name} ${folder.messages}`).join(" · "));
}

function messageRow(message) {
  return element("li", { "data-testid": "inbox-row" }, [
    element("div", { class: "message" }, [
      avatar(message.from),
      element("div", { class: "lines" }, [
        element("div", { class: "who" }, [element("span", { class: "from" }, message.from), element("time", {}, when(message.date))]),
        element("div", { class: "subject" }, [element("span", {}, message.subject), element("span", { class: "flag", "aria-label": "flagged", role: "img" }, "⚑")]),
      ]),
      element("span", { class: "dot", role: "img", "aria-label": "unread" }),
    ]),
  ]);
}

function fillMessage(row, message) {
  row.classList.toggle("unread", message.unread);
  row.classList.toggle("flagged", message.flagged);
  row.dataset.unread = message.unread;
  row.querySelector(".dot").hidden = !message.unread;
  row.querySelector(".flag").hidden = !message.flagged;
}

function drawCalendar(entries) {
  const list = document.getElementById("calendar");
  const soon = entries.slice(0, MOST_ENTRIES);
  keyed(list, soon, (entry) => `${entry.uid} ${entry.modseq}`, entryRow, () => {});
}

function entryRow(entry) {
  const start = new Date(entry.start);
  const known = !Number.isNaN(start.valueOf());
  return element("li", { "data-testid": "calendar-row" }, [
    element("div", { class: "entry" }, [
      dateBlock(start),
      element("div", { class: "lines" }, [
        element("div", { class: "from" }, entry.title),
        element("div", { class: "subject" }, known ? `${day.format(start)}, ${time.format(start)}` : ""),
      ]),
    ]),
  ]);
}

function dateBlock(start) {
  const known = !Number.isNaN(start.valueOf());
  const inside = known ? [element("b", {}, String(start.getDate())), weekday.format(start)] : "–";
  return element("div", { class: "date", "aria-hidden": "true" }, inside);
}

function drawContacts(contacts) {
  const list = document.getElementById("contacts");
  keyed(list, contacts.slice(0, MOST_ENTRIES), (contact) => `${contact.uid} ${contact.modseq}`, contactRow, () => {});
  set("contacts-count", String(contacts.length));
}

function contactRow(contact) {
  return element("li", { "data-testid": "contact-row" }, [
    element("div", { class: "entry" }, [avatar(contact.name), element("div", { class: "lines" }, [element("div", { class: "from" }, contact.name)])]),
  ]);
}

function when(date) {
  const at = new Date(date);
  if (Number.isNaN(at.valueOf())) return "";
  return at.toDateString() === new Date().toDateString() ? time.format(at) : day.format(at);
}

function set(id, text) {
  const target = document.getElementById(id);
  if (target.textContent !== text) target.textContent = text;
}

/** The newest mail that notifyd sent, as a mail program would show it. */
export function drawLetter({ count, newest }) {
  if (!newest) return;
  const letter = document.getElementById("letter");
  if (letter.dataset.number === String(count)) return;
  letter.dataset.number = count;
  set("letter-count", count === 1 ? "1 sent" : `${count} sent`);
  letter.replaceChildren(
    element("p", { class: "title" }, newest.subject),
    element("dl", {}, [element("dt", {}, "From"), element("dd", { dir: "auto" }, newest.from), element("dt", {}, "To"), element("dd", { dir: "auto" }, newest.to)]),
    // The number only makes the frame be fetched anew.
    element("iframe", { src: `/demo/mail.html?${count}`, sandbox: "", title: "The mail as HTML" }),
    element("details", {}, [element("summary", {}, "The same as plain text"), element("pre", {}, newest.text)]),
  );
}

/** What a display alarm puts on the screen. */
export function toast(entry) {
  const start = new Date(entry?.start ?? "");
  const line = [Number.isNaN(start.valueOf()) ? "" : `${day.format(start)}, ${time.format(start)}`, entry?.location ?? ""];
  const close = element("button", { type: "button", "aria-label": "Dismiss the alarm" }, "×");
  const box = element("div", { class: "toast", "data-testid": "toast" }, [
    dateBlock(start),
    element("div", { class: "lines" }, [
      element("div", { class: "from" }, entry ? `Alarm: ${entry.title}` : "Calendar alarm"),
      element("div", { class: "subject" }, line.filter(Boolean).join(" · ")),
    ]),
    close,
  ]);
  const toasts = document.getElementById("toasts");
  toasts.prepend(box);
  while (toasts.children.length > 3) toasts.lastElementChild.remove();
  close.addEventListener("click", () => box.remove());
  const later = () => setTimeout(() => (box.matches(":hover, :focus-within") ? later() : box.remove()), 7000);
  later();
}
