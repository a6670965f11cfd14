/** A TCP proxy on a free port, to cut connections, refuse them, or let them go silent between a client and a server. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A running proxy. */
export interface TcpProxy {
  readonly port: number;
  /** Resets every connection; new ones are accepted. */
  cut(): void;
  /** Resets every connection and refuses new ones until `open`. */
  shut(): void;
  open(): void;
  /** Keeps connections open and passes nothing on until `thaw`. */
  freeze(): void;
  /** Freezes by itself once clients have sent so many more bytes: in the middle of what they are doing. */
  freezeAfter(bytes: number): void;
  frozen(): boolean;
  thaw(): void;
  /** How many bytes have gone through it, both ways together. */
  bytes(): number;
  close(): Promise<void>;
}

/** Starts a proxy on 127.0.0.1 to a port of this machine. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const proxy = new Proxy(targetPort);
  await proxy.listen();
  return proxy;
}

class Proxy implements TcpProxy {
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #refusing = false;
  #frozen = false;
  #bytesToFreeze = Number.POSITIVE_INFINITY;
  #bytes = 0;
  port = 0;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#accept(client));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no free port on 127.0.0.1");
    this.port = address.port;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  shut(): void {
    this.#refusing = true;
    this.cut();
  }

  open(): void {
    this.#refusing = false;
  }

  freeze(): void {
    this.#frozen = true;
    for (const socket of this.#sockets) socket.pause();
  }

  freezeAfter(bytes: number): void {
    this.#bytesToFreeze = bytes;
  }

  frozen(): boolean {
    return this.#frozen;
  }

  thaw(): void {
    this.#frozen = false;
    this.#bytesToFreeze = Number.POSITIVE_INFINITY;
    for (const socket of this.#sockets) socket.resume();
  }

  bytes(): number {
    return this.#bytes;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.on("error", () => {});
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(this.#targetPort, "127.0.0.1");
    client.on("data", ({ length }) => this.#count(length));
    this.#join(client, upstream);
    this.#join(upstream, client);
  }

  #count(bytes: number): void {
    this.#bytesToFreeze -= bytes;
    if (this.#bytesToFreeze <= 0 && !this.#frozen) this.freeze();
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on("data", (chunk) => {
      this.#bytes += chunk.length;
      if (!to.write(chunk)) from.pause();
    });
    to.on("drain", () => {
      if (!this.#frozen) from.resume();
    });
    from.on("error", () => {});
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    if (this.#frozen) from.pause();
  }
}
