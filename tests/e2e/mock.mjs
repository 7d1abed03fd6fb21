/*
 * A provider that does what a test tells it to, down to the byte. It speaks HTTP over its own sockets, not through
 * node:http, so that it sees requests exactly as they came and can answer what no well-behaved server would.
 *
 * Untold, it answers like a provider: see answers.mjs. A test tells it with `once(script)` for the next request and
 * `always(script)` for all; a script is an async function of (seen, wire): what came, and the means to answer.
 */
import net from "node:net";
import tls from "node:tls";
import { answer } from "./answers.mjs";

/* A promise with its resolver: how tests hold an answer back, and let it go. */
export function gate() {
  const held = {};
  held.opened = new Promise((resolve) => {
    held.open = resolve;
  });
  return held;
}

/* What a connection has received and nobody has taken yet. */
class Inlet {
  constructor(socket) {
    this.socket = socket;
    this.bytes = Buffer.alloc(0);
    this.over = false;
    this.waiting = [];
    this.gone = new Promise((resolve) => socket.once("close", resolve));
    socket.on("data", (data) => {
      this.bytes = this.bytes.length ? Buffer.concat([this.bytes, data]) : data;
      this.wake();
    });
    for (const event of ["end", "close", "error"])
      socket.on(event, () => {
        this.over = true;
        this.wake();
      });
  }

  wake() {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /* More bytes than there are, or false when none will come. */
  async more() {
    const had = this.bytes.length;
    while (this.bytes.length === had && !this.over)
      await new Promise((resolve) => this.waiting.push(resolve));
    return this.bytes.length > had;
  }

  take(count) {
    const taken = this.bytes.subarray(0, count);
    this.bytes = this.bytes.subarray(count);
    return taken;
  }

  /* All up to and with `mark`, or null. */
  async through(mark) {
    for (let from = 0; ;) {
      const at = this.bytes.indexOf(mark, from);
      if (at >= 0) return this.take(at + mark.length);
      from = Math.max(0, this.bytes.length - mark.length + 1);
      if (!(await this.more())) return null;
    }
  }

  async some(most) {
    if (!this.bytes.length && !(await this.more())) return null;
    return this.take(Math.min(most, this.bytes.length));
  }
}

/* One request, recorded as it came. */
class Seen {
  constructor(head, inlet, connection) {
    const lines = head.toString("latin1").split("\r\n");
    [this.method, this.path, this.version] = lines[0].split(" ");
    this.head = head;
    this.connection = connection;
    this.headers = lines.slice(1, -2).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    this.inlet = inlet;
    this.pieces = [];
    this.bodyLength = 0;
    this.broken = false; // the body's end never came
    this.gone = inlet.gone;
  }

  /* The value of a header; of one sent twice, both joined by a comma; or undefined. */
  header(name) {
    const values = this.headers
      .filter(([key]) => key.toLowerCase() === name.toLowerCase())
      .map(([, value]) => value);
    return values.length ? values.join(", ") : undefined;
  }

  has(name) {
    return this.header(name) !== undefined;
  }

  /* Reads the body, once; the same promise afterwards. */
  body() {
    this.reading ??= this.readBody();
    return this.reading;
  }

  async text() {
    return (await this.body()).toString("utf8");
  }

  async json() {
    return JSON.parse(await this.text());
  }

  async readBody() {
    if (/chunked/i.test(this.header("transfer-encoding") ?? "")) await this.readChunks();
    else await this.readPart(Number(this.header("content-length") ?? 0));
    return Buffer.concat(this.pieces);
  }

  async readPart(length) {
    while (length > 0 && !this.broken) {
      const piece = await this.inlet.some(length);
      if (!piece) {
        this.broken = true;
      } else {
        this.pieces.push(piece);
        this.bodyLength += piece.length;
        length -= piece.length;
      }
    }
  }

  async readChunks() {
    while (!this.broken) {
      const line = await this.inlet.through("\r\n");
      const size = line ? parseInt(line.toString("latin1"), 16) : NaN;
      if (Number.isNaN(size)) {
        this.broken = true;
      } else if (size === 0) {
        while (true) {
          const trailer = await this.inlet.through("\r\n");
          if (!trailer || trailer.length === 2) return;
        }
      } else {
        await this.readPart(size);
        if (!(await this.inlet.through("\r\n"))) this.broken = true;
      }
    }
  }
}

/* The means to answer. What is written here is what stands on the wire. */
class Wire {
  constructor(socket) {
    this.socket = socket;
    this.closing = false;
    this.sent = 0;
  }

  /* Resolves when the kernel has taken the bytes; a write to a caller who is gone resolves too. */
  raw(bytes) {
    const data = typeof bytes === "string" ? Buffer.from(bytes, "utf8") : bytes;
    this.sent += data.length;
    return new Promise((resolve) => {
      if (this.socket.destroyed) resolve();
      else this.socket.write(data, () => resolve());
    });
  }

  /* A head; `headers` an object or a list of pairs. */
  head(status, headers = {}) {
    const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
    const lines = pairs.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return this.raw(Buffer.from(`HTTP/1.1 ${status} Mock\r\n${lines}\r\n`, "latin1"));
  }

  /* A whole answer with its length. */
  async whole(status, headers, body = "") {
    const bytes = Buffer.from(body);
    const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
    await this.head(status, [...pairs, ["content-length", bytes.length]]);
    await this.raw(bytes);
  }

  json(status, value, headers = {}) {
    const body =
      typeof value === "string" || Buffer.isBuffer(value) ? value : JSON.stringify(value);
    return this.whole(status, { "content-type": "application/json", ...headers }, body);
  }

  chunk(bytes) {
    const data = Buffer.from(bytes);
    return this.raw(
      Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from("\r\n")]),
    );
  }

  lastChunk() {
    return this.raw("0\r\n\r\n");
  }

  streamHead(headers = {}) {
    return this.head(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "transfer-encoding": "chunked",
      ...headers,
    });
  }

  /* An event stream that ends well: each of `pieces` in a chunk and a write of its own. */
  async stream(pieces, headers) {
    await this.streamHead(headers);
    for (const piece of pieces) await this.chunk(piece);
    await this.lastChunk();
  }

  /* Ends the connection in order, after what was written. */
  close() {
    this.closing = true;
    this.socket.end();
  }

  /* Ends it as a lost machine does: by a FIN, under TLS without a close_notify before it. */
  cut() {
    this.closing = true;
    this.socket.destroy();
  }

  /* Ends it with a reset. */
  reset() {
    this.closing = true;
    if (this.socket.resetAndDestroy) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  /* Reads nothing more from the peer until resumed. */
  pause() {
    this.socket.pause();
  }

  resume() {
    this.socket.resume();
  }
}

export class Mock {
  /* @param options.tls  {key, cert}: speaks TLS */
  static async start(options = {}) {
    const mock = new this();
    const accept = (socket) => void mock.serve(socket);
    mock.server = options.tls ? tls.createServer(options.tls, accept) : net.createServer(accept);
    mock.server.on("tlsClientError", () => {});
    mock.server.on("connection", (socket) => {
      mock.connections++;
      mock.sockets.add(socket);
      socket.on("close", () => mock.sockets.delete(socket));
      socket.on("error", () => {});
    });
    await new Promise((resolve, reject) => {
      mock.server.once("error", reject);
      mock.server.listen(0, "127.0.0.1", resolve);
    });
    mock.port = mock.server.address().port;
    mock.origin = `${options.tls ? "https" : "http"}://127.0.0.1:${mock.port}`;
    mock.url = `${mock.origin}/v1`;
    return mock;
  }

  constructor() {
    this.requests = [];
    this.connections = 0;
    this.sockets = new Set();
    this.scripts = [];
    this.standing = null;
    this.watching = [];
    this.faults = [];
  }

  /* For the next request that comes. */
  once(script) {
    this.scripts.push(script);
  }

  /* For all requests without a script of their own; null: as a provider again. */
  always(script) {
    this.standing = script;
  }

  /* Forgets what came and what was told. */
  reset() {
    this.requests = [];
    this.scripts = [];
    this.standing = null;
  }

  get last() {
    return this.requests.at(-1);
  }

  /* Resolves with the next request whose head comes in. */
  next() {
    return new Promise((resolve) => this.watching.push(resolve));
  }

  scriptFor() {
    return this.scripts.shift() ?? this.standing ?? answer;
  }

  async serve(socket) {
    socket.setNoDelay(true);
    socket.on("error", () => {});
    const inlet = new Inlet(socket);
    const connection = this.connections;
    for (;;) {
      const head = await inlet.through("\r\n\r\n");
      if (!head) break;
      const seen = new Seen(head, inlet, connection);
      const wire = new Wire(socket);
      const script = this.scriptFor(seen);
      this.requests.push(seen);
      for (const resolve of this.watching.splice(0)) resolve(seen);
      try {
        await script(seen, wire);
      } catch (error) {
        this.faults.push(error); // of the test itself; stop() tells
        wire.reset();
      }
      if (wire.closing) break;
      await seen.body();
      if (seen.broken) break;
    }
    socket.end();
  }

  /* Nobody listens any more, and what was open is broken off. Harmless when it has been done. */
  async kill() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async stop() {
    await this.kill();
    if (this.faults.length) throw this.faults[0];
  }
}
