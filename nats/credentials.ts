/** Who we are to the NATS server: from the credentials file or from the address; read again at every connect. */
import type { Logger } from "#runtime/logger.ts";
import { credsAuthenticator, type Authenticator } from "@nats-io/transport-node";
import { readFileSync } from "node:fs";
import { NatsFailure } from "./errors.ts";
import type { NatsOptions } from "./options.ts";

/** Connection options of the client library that carry an identity. */
export interface Identity {
  readonly servers: string[];
  readonly authenticator?: Authenticator;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  readonly tls?: { caFile?: string; certFile?: string; keyFile?: string };
}

/** Reads the options once to find mistakes early. Throws NatsFailure naming the file and the option. */
export function identityFrom(options: NatsOptions, logger: Logger): Identity {
  for (const [option, path] of filesOf(options)) mustBeReadable(option, path);
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw new NatsFailure("--nats-cert and --nats-key belong together: give both or neither", "person");
  }
  return {
    servers: options.servers.map((server) => partsOf(server).address),
    ...loginOf(options.servers),
    ...(options.creds === undefined ? {} : { authenticator: rereadingAuthenticator(options.creds, logger) }),
    ...tlsOf(options),
  };
}

function filesOf(options: NatsOptions): [string, string][] {
  const files: [string, string | undefined][] = [
    ["--nats-creds", options.creds],
    ["--nats-ca", options.ca],
    ["--nats-cert", options.cert],
    ["--nats-key", options.key],
  ];
  return files.filter((entry): entry is [string, string] => entry[1] !== undefined);
}

function mustBeReadable(option: string, path: string): void {
  try {
    readFileSync(path);
  } catch (error) {
    throw new NatsFailure(`${option}: cannot read ${path}; check the path and its permissions`, "person", {
      cause: error,
    });
  }
}

function tlsOf(options: NatsOptions): { tls?: { caFile?: string; certFile?: string; keyFile?: string } } {
  const wanted = options.servers.some((server) => server.startsWith("tls://"));
  if (!wanted && options.ca === undefined && options.cert === undefined) return {};
  return {
    tls: {
      ...(options.ca === undefined ? {} : { caFile: options.ca }),
      ...(options.cert === undefined ? {} : { certFile: options.cert }),
      ...(options.key === undefined ? {} : { keyFile: options.key }),
    },
  };
}

function partsOf(server: string): { address: string; login: string | null } {
  const rest = server.replace(/^\w+:\/\//, "").replace(/\/$/, "");
  const at = rest.lastIndexOf("@");
  return { address: rest.slice(at + 1), login: at < 0 ? null : rest.slice(0, at) };
}

function loginOf(servers: readonly string[]): { user?: string; pass?: string; token?: string } {
  const login = servers.map((server) => partsOf(server).login).find((found) => found !== null);
  if (login === undefined || login === null) return {};
  const colon = login.indexOf(":");
  if (colon < 0) return { token: decoded(login) };
  return { user: decoded(login.slice(0, colon)), pass: decoded(login.slice(colon + 1)) };
}

/** A lone percent sign is taken as it is written. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Credentials may be renewed while we run. The client library closes for good where this throws, so it never does. */
function rereadingAuthenticator(path: string, logger: Logger): Authenticator {
  let last = credsAuthenticator(readFileSync(path));
  return (nonce) => {
    try {
      const next = credsAuthenticator(readFileSync(path));
      const answer = next(nonce);
      last = next;
      return answer;
    } catch (error) {
      logger.warn({ file: path, reason: reasonOf(error) }, "cannot use the NATS credentials file");
    }
    try {
      return last(nonce);
    } catch {
      // The server refuses us, which is retried until the file is right.
      return undefined;
    }
  };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "not a credentials file";
}
