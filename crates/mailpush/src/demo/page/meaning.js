// What a frame says, in either stream's words.

const PARTS = { mailModSeq: "mail", calendarModSeq: "calendar", contactsModSeq: "contacts" };
const TYPES = { Email: "mail", EmailDelivery: "delivery", CalendarEvent: "calendar", ContactCard: "contacts", Contact: "contacts" };

/** {kind: "state", modseqs} | {kind: "alert", uid} | {kind: "comment"} | {kind: "other"} */
export function meaning(frame) {
  if (frame.data === null) return { kind: "comment" };
  const data = parsed(frame.data);
  if (!data) return { kind: "other" };
  if (frame.event === "calendarAlert" || data["@type"] === "CalendarAlert") return { kind: "alert", uid: data.uid };
  if (data.changed) return { kind: "state", modseqs: ofTypes(Object.values(data.changed)[0] ?? {}) };
  if ("mailModSeq" in data || "calendarModSeq" in data || "contactsModSeq" in data) {
    return { kind: "state", modseqs: renamed(data, PARTS) };
  }
  return { kind: "other" };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function ofTypes(states) {
  return renamed(states, TYPES);
}

function renamed(values, names) {
  const found = {};
  for (const [key, name] of Object.entries(names)) {
    if (key in values && !(name in found)) found[name] = Number(values[key]);
  }
  return found;
}

/** Which parts moved since `before`, and to which number. */
export function moves(modseqs, before) {
  return Object.entries(modseqs)
    .filter(([part, value]) => before[part] !== undefined && value > before[part])
    .map(([part, value]) => ({ part, to: value }));
}
