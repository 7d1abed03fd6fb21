/*
 * A proxy for HTTPS: it answers CONNECT, and passes bytes on. Every host is at one port of this machine, whatever its
 * name; so no name is looked up.
 */
import net from "node:net";

export class Proxy {
  /* @param port  where all tunnels end */
  static async start(port) {
    const proxy = new Proxy();
    proxy.target = port;
    proxy.server = net.createServer((socket) => proxy.accept(socket));
    await new Promise((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    proxy.port = proxy.server.address().port;
    return proxy;
  }

  constructor() {
    this.heads = []; // of CONNECT, as they came
    this.scripts = [];
    this.sockets = new Set();
  }

  /* For the next CONNECT: `script` of (socket) answers it, and tells whether a tunnel begins. */
  once(script) {
    this.scripts.push(script);
  }

  reset() {
    this.heads = [];
    this.scripts = [];
  }

  hold(socket) {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => this.sockets.delete(socket));
  }

  accept(socket) {
    let bytes = Buffer.alloc(0);
    const onData = async (data) => {
      bytes = Buffer.concat([bytes, data]);
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", onData);
      socket.pause();
      this.heads.push(bytes.toString("latin1"));
      const script = this.scripts.shift() ?? established;
      if (await script(socket)) this.join(socket);
      else socket.resume();
    };
    this.hold(socket);
    socket.on("data", onData);
  }

  join(socket) {
    const far = net.connect(this.target, "127.0.0.1");
    this.hold(far);
    for (const [from, to] of [
      [socket, far],
      [far, socket],
    ]) {
      from.pipe(to);
      from.on("close", () => to.destroy());
    }
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function established(socket) {
  socket.write("HTTP/1.1 200 Connection established\r\nProxy-Agent: e2e\r\n\r\n");
  return true;
}
