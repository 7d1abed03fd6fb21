/*
 * A caller that says exactly what a test wants said, and sees exactly what came back and how it ended: what SDKs hide.
 */
import net from "node:net";
import tls from "node:tls";
import { within } from "./sluice.mjs";

/* One answer of a connection, as far as it came. */
class Answer {
  constructor(bytes, method) {
    this.bytes = bytes;
    const gap = bytes.indexOf("\r\n\r\n");
    this.hasHead = gap >= 0;
    this.isWhole = false;
    this.status = 0;
    this.headers = [];
    this.body = Buffer.alloc(0);
    if (!this.hasHead) return;
    const lines = bytes.subarray(0, gap).toString("latin1").split("\r\n");
    this.status = Number(lines[0].split(" ")[1]);
    this.headers = lines.slice(1).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    this.#readBody(bytes.subarray(gap + 4), gap + 4, method);
  }

  #readBody(rest, from, method) {
    const length = this.header("content-length");
    if (method === "HEAD" || this.status < 200 || this.status === 204 || this.status === 304) {
      this.#end(Buffer.alloc(0), from);
    } else if (/chunked/i.test(this.header("transfer-encoding") ?? "")) {
      this.framing = "chunked";
      this.#readChunks(rest, from);
    } else if (length !== undefined) {
      this.framing = "length";
      this.body = rest.subarray(0, Number(length));
      if (rest.length >= Number(length)) this.#end(this.body, from + Number(length));
    } else {
      this.framing = "close"; // whole or not, nothing tells
      this.body = rest;
    }
  }

  #readChunks(rest, from) {
    const pieces = [];
    for (let at = 0; ;) {
      const line = rest.indexOf("\r\n", at);
      if (line < 0) break;
      const size = parseInt(rest.subarray(at, line).toString("latin1"), 16);
      if (size === 0) {
        if (rest.length >= line + 4) this.#end(Buffer.concat(pieces), from + line + 4);
        break;
      }
      pieces.push(rest.subarray(line + 2, line + 2 + size));
      at = line + 2 + size + 2;
      if (at > rest.length) break;
    }
    this.body = Buffer.concat(pieces);
  }

  #end(body, length) {
    this.body = body;
    this.isWhole = true;
    this.length = length;
  }

  header(name) {
    const values = this.all(name);
    return values.length ? values.join(", ") : undefined;
  }

  all(name) {
    return this.headers
      .filter(([key]) => key.toLowerCase() === name.toLowerCase())
      .map(([, value]) => value);
  }

  text() {
    return this.body.toString("utf8");
  }

  json() {
    return JSON.parse(this.text());
  }
}

export class Connection {
  static async open(port) {
    const connection = new Connection(net.connect({ port, host: "127.0.0.1", noDelay: true }));
    await within(
      new Promise((resolve, reject) => {
        connection.socket.once("connect", resolve);
        connection.socket.once("error", reject);
      }),
      "a connection",
    );
    return connection;
  }

  /* Over TLS. @param options  as tls.connect() takes them: whom to trust, at least */
  static async secure(port, options) {
    const peer = { port, host: "127.0.0.1", servername: "localhost", ALPNProtocols: ["http/1.1"] };
    const socket = tls.connect({ ...peer, ...options });
    await within(
      new Promise((resolve, reject) => {
        socket.once("secureConnect", resolve);
        socket.once("error", reject);
        socket.once("close", () => reject(new Error("closed within the handshake")));
      }),
      "a TLS handshake",
    );
    return new Connection(socket);
  }

  constructor(socket) {
    this.socket = socket;
    this.bytes = Buffer.alloc(0);
    this.pieces = []; // not joined yet
    this.waiting = [];
    this.isClosed = false;
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("data", (data) => {
      this.pieces.push(data);
      this.wake();
    });
    socket.on("error", (error) => {
      this.error = error;
    });
    this.closed.then(() => {
      this.isClosed = true;
      this.wake();
    });
  }

  wake() {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  received() {
    if (this.pieces.length) this.bytes = Buffer.concat([this.bytes, ...this.pieces.splice(0)]);
    return this.bytes;
  }

  write(bytes) {
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  /* Waits until `done` likes what has come, or the connection has ended. */
  async when(done, what) {
    const wait = async () => {
      while (!done(this.received()) && !this.isClosed)
        await new Promise((resolve) => this.waiting.push(resolve));
    };
    await within(wait(), what);
    return this.received();
  }

  /* The next answer, and takes it off. Informational ones are left out, and counted. */
  async answer(method = "GET") {
    for (;;) {
      await this.when((bytes) => new Answer(bytes, method).isWhole, "an answer");
      const answer = new Answer(this.bytes, method);
      answer.closed = this.isClosed;
      this.bytes = this.bytes.subarray(answer.length ?? this.bytes.length);
      if (answer.status < 100 || answer.status >= 200) return answer;
    }
  }

  close() {
    this.socket.destroy();
  }
}

/* Request bytes: a body gets its length unless the headers say how it is framed. */
export function request({ method, path, headers = {}, body }) {
  const pairs = Array.isArray(headers) ? [...headers] : Object.entries(headers);
  const has = (name) => pairs.some(([key]) => key.toLowerCase() === name);
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
  if (!has("host")) pairs.unshift(["Host", "gateway.test"]);
  if (body !== undefined && !has("content-length") && !has("transfer-encoding"))
    pairs.push(["Content-Length", bytes.length]);
  const lines = pairs.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([
    Buffer.from(
      `${method ?? (body === undefined ? "GET" : "POST")} ${path} HTTP/1.1\r\n${lines}\r\n`,
      "latin1",
    ),
    bytes,
  ]);
}

/* One request on a connection of its own. The answer tells whether it was whole; when it was not, the connection was
 * closed before. */
export async function send(port, parts) {
  const connection = await Connection.open(port);
  try {
    await connection.write(request(parts));
    return await connection.answer(parts.method);
  } finally {
    connection.close();
  }
}

/* The same with a JSON body: a value, or text that goes as it is. */
export function post(port, path, body, headers = {}) {
  const text = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  return send(port, {
    method: "POST",
    path,
    headers: [["Content-Type", "application/json"], ...pairs],
    body: text,
  });
}
