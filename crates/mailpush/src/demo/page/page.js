// The demo's client: it holds one stream, and asks for the mailbox when the stream says that it moved.
import { octets, FrameLog } from "/log.js";
import { draw, drawLetter, toast } from "/mailbox.js";
import { meaning, moves } from "/meaning.js";
import { drawPhone } from "/phone.js";
import { EventStream } from "/stream.js";

const ABOUT = {
  events: "Fastmail’s form: three counters, all of them once they are known.",
  jmap: "The standard form (RFC 8620 §7.3), as any JMAP client reads it.",
};
const PULSE = 1000;
const AWAY_NOTE = 30_000;
const $ = (id) => document.getElementById(id);
const log = new FrameLog();

let session = null;
let stream = null;
let kind = "events";
let cursors = { events: null, jmap: null };
let mailbox = null;
let modseqs = {};
let events = 0;
let away = null;
let waits = [];
let noteTimer = 0;

async function json(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

// Frames that come while the mailbox is being fetched share the next fetch.
let fetching = null;
let again = false;
function refresh() {
  if (fetching) {
    again = true;
    return fetching;
  }
  fetching = fetchMailbox().catch(() => {}).finally(() => {
    fetching = null;
    if (again) {
      again = false;
      refresh();
    }
  });
  return fetching;
}

async function fetchMailbox() {
  const [fresh, mails] = await Promise.all([json("/demo/mailbox.json"), json("/demo/mails.json")]);
  if (away?.left) return;
  const moved = mailbox && fresh.changes > mailbox.changes;
  draw(fresh);
  drawLetter(mails);
  if (away?.back) tellAway(fresh);
  else if (moved) measure(fresh.changedAt);
  mailbox = fresh;
  behind(fresh.changes);
  document.body.dataset.ready = "1";
}

function measure(changedAt) {
  requestAnimationFrame(() => {
    waits.push(Math.max(0, Date.now() - changedAt));
    waits = waits.slice(-21);
    const median = waits.toSorted((a, b) => a - b)[Math.floor(waits.length / 2)];
    $("latency").textContent = `${median} ms`;
    $("latency").title = `median of the last ${waits.length}`;
  });
}

function behind(changes) {
  $("count-changes").textContent = changes;
  const count = Math.max(0, changes - (mailbox?.changes ?? changes));
  $("behind").textContent = count;
  $("behind").classList.toggle("many", count > 0 && Boolean(away));
}

function status(state, text) {
  const line = document.querySelector(".status");
  line.dataset.state = state;
  line.lastElementChild.textContent = text;
}

function connect() {
  stream?.close();
  status("connecting", "connecting");
  stream = new EventStream(async () => ({ url: session[kind], token: session.token }), cursors[kind], {
    open(resumed) {
      status("live", "live");
      log.note(resumed ? "connected, with Last-Event-ID" : "connected");
      refresh();
    },
    frame: take,
    async down(code) {
      status("connecting", "reconnecting");
      log.note(code === 200 ? "the stream ended" : code ? `refused: ${code}` : "connection lost");
      if (code === 401) session = await json("/demo/session.json").catch(() => session);
    },
  });
}

function take(frame) {
  const said = meaning(frame);
  const moved = said.kind === "state" ? moves(said.modseqs, modseqs) : [];
  if (frame.id !== null) cursors[kind] = frame.id;
  log.add(frame, moved);
  if (said.kind === "comment") return;
  events += 1;
  $("count-events").textContent = events;
  if (said.kind === "state") {
    modseqs = { ...modseqs, ...said.modseqs };
    if (away?.back && !away.frame) away.frame = frame;
    refresh();
  }
  if (said.kind === "alert") alert(said.uid);
}

async function alert(uid) {
  await refresh();
  toast(mailbox?.calendar.find((entry) => entry.uid === uid));
}

function goOffline() {
  stream?.close();
  stream = null;
  away = { left: true, changes: mailbox?.changes ?? 0 };
  status("offline", "offline");
  log.note("offline: the stream is closed");
  offlineLook(true);
}

function comeBack() {
  away = { back: true, changes: away.changes, frame: null };
  offlineLook(false);
  connect();
}

function offlineLook(off) {
  document.body.classList.toggle("is-offline", off);
  $("offline").textContent = off ? "Come back" : "Go offline";
  $("offline").setAttribute("aria-pressed", String(off));
  $("frozen").hidden = !off;
  $("frozen-at").textContent = new Date().toLocaleTimeString();
  $("away").hidden = true;
}

function tellAway(fresh) {
  const count = fresh.changes - away.changes;
  if (count > 0 && !away.frame) return;
  const text = count === 0
    ? "Nothing moved while you were away, and the stream said just that."
    : `1 event told everything that moved while you were away: ${count} ${count === 1 ? "change" : "changes"} in ${octets(away.frame.octets)}.`;
  $("away").textContent = text;
  $("away").hidden = false;
  clearTimeout(noteTimer);
  noteTimer = setTimeout(() => ($("away").hidden = true), AWAY_NOTE);
  away = null;
}

async function pulse() {
  const { changes } = await json("/demo/pulse.json").catch(() => ({ changes: null }));
  if (changes !== null) behind(changes);
  // A telephone has a network of its own.
  await json("/demo/phone.json").then(drawPhone).catch(() => {});
  setTimeout(pulse, document.hidden ? PULSE * 5 : PULSE);
}

function choose(next) {
  kind = next;
  $("about").textContent = ABOUT[kind];
  cursors = { events: null, jmap: null };
  modseqs = {};
  log.clearCursor();
  if (!away?.left) connect();
}

$("offline").addEventListener("click", () => (away?.left ? comeBack() : goOffline()));
$("switch").addEventListener("change", (change) => choose(change.target.value));
const order = (action) => fetch(`/demo/do/${action}`, { method: "POST" }).catch(() => {});
$("chips").addEventListener("click", ({ target }) => target.dataset.do && order(target.dataset.do));
$("top-up").addEventListener("click", () => order("top-up"));

async function start() {
  session = await json("/demo/session.json");
  // Browsers may keep the choice over a reload.
  choose(document.querySelector("#switch input:checked").value);
  pulse();
}

start().catch(() => {
  status("offline", "the demo has ended");
});
