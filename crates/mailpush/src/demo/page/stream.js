// Server-sent events over fetch, so that the request can carry an Authorization header.

/** Cuts text into frames (WHATWG HTML 9.2.6). `sink` gets {event, data, id, comment, retry, octets}. */
export class FrameParser {
  #rest = "";
  #lines = [];
  #sink;

  constructor(sink) {
    this.#sink = sink;
  }

  push(text) {
    this.#rest += text;
    // A CR at the end may be half of a CR LF: it waits for the next piece.
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    for (const line of lines) {
      if (line !== "") this.#lines.push(line);
      else if (this.#lines.length > 0) this.#finish();
    }
  }

  #finish() {
    const frame = { event: "message", data: null, id: null, comment: null, retry: null, octets: 1 };
    for (const line of this.#lines) {
      frame.octets += new TextEncoder().encode(line).length + 1;
      const colon = line.indexOf(":");
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "") frame.comment = joined(frame.comment, value);
      else if (name === "data") frame.data = joined(frame.data, value);
      else if (name === "event") frame.event = value;
      else if (name === "id" && !value.includes("\0")) frame.id = value;
      else if (name === "retry" && /^\d+$/.test(value)) frame.retry = Number(value);
    }
    this.#lines = [];
    this.#sink(frame);
  }
}

function joined(before, line) {
  return before === null ? line : `${before}\n${line}`;
}

/** A stream that comes back by itself, with Last-Event-ID, until it is closed. */
export class EventStream {
  #abort = new AbortController();
  #wait = 1000;
  #timer = 0;

  /** `request()` answers {url, token}; `on` has open(resumed), frame(frame), down(status). */
  constructor(request, lastId, on) {
    this.request = request;
    this.lastId = lastId;
    this.on = on;
    this.#run();
  }

  close() {
    this.#abort.abort();
    clearTimeout(this.#timer);
  }

  async #run() {
    let status = 0;
    try {
      status = await this.#read();
    } catch {
      status = 0;
    }
    if (this.#abort.signal.aborted) return;
    this.on.down(status);
    this.#timer = setTimeout(() => this.#run(), this.#wait);
  }

  async #read() {
    const { url, token } = await this.request();
    const headers = { Accept: "text/event-stream", Authorization: `Bearer ${token}` };
    if (this.lastId) headers["Last-Event-ID"] = this.lastId;
    const answer = await fetch(url, { headers, cache: "no-store", signal: this.#abort.signal });
    if (!answer.ok) return answer.status;
    this.on.open(Boolean(this.lastId));
    const parser = new FrameParser((frame) => this.#take(frame));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return 200;
      parser.push(value);
    }
  }

  #take(frame) {
    if (this.#abort.signal.aborted) return;
    if (frame.id !== null) this.lastId = frame.id;
    if (frame.retry !== null) this.#wait = Math.min(frame.retry, 30_000);
    this.on.frame(frame);
  }
}
