// Follows a stream with npm's eventsource: node follow.mjs <where npm installed it> <url> <authorization>
// One line of JSON for each thing that happens. It ends only when the client gives up.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [installed, url, authorization] = process.argv.slice(2);
const entry = createRequire(`${installed}/`).resolve('eventsource');
const { EventSource } = await import(pathToFileURL(entry));

const withCredential = (input, init) =>
  fetch(input, { ...init, headers: { ...init.headers, Authorization: authorization } });
const source = new EventSource(url, { fetch: withCredential });
const say = (thing) => console.log(JSON.stringify(thing));

for (const name of ['push', 'state']) {
  source.addEventListener(name, (event) => say({ event: name, id: event.lastEventId, data: JSON.parse(event.data) }));
}
source.addEventListener('open', () => say({ event: 'open' }));
// While it waits to reconnect, the library lets a program end that does nothing else.
const busy = setInterval(() => {}, 60_000);
source.addEventListener('error', (event) => {
  const isOver = source.readyState === EventSource.CLOSED;
  say({ event: isOver ? 'given up' : 'lost', code: event.code, message: event.message });
  if (isOver) clearInterval(busy);
});
