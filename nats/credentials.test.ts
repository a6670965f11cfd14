import { silentLogger } from "#runtime/logger.ts";
import { nkeys } from "@nats-io/transport-node";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { identityFrom } from "./credentials.ts";
import { natsOptionsSchema } from "./options.ts";

function scratchFile(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), "gitfleet-creds-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

function credentials(jwt: string): string {
  const seed = new TextDecoder().decode(nkeys.createUser().getSeed());
  return [
    `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------`,
    `-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
  ].join("\n\n");
}

describe("the identity", () => {
  test("follows a credentials file that is renewed, and keeps the last good one", () => {
    const creds = scratchFile("device.creds");
    writeFileSync(creds, credentials("first.jwt"));
    const { authenticator } = identityFrom(natsOptionsSchema.parse({ creds }), silentLogger);
    expect(authenticator?.("nonce")).toMatchObject({ jwt: "first.jwt" });
    writeFileSync(creds, credentials("second.jwt"));
    expect(authenticator?.("nonce")).toMatchObject({ jwt: "second.jwt" });
    writeFileSync(creds, "half written");
    expect(authenticator?.("nonce")).toMatchObject({ jwt: "second.jwt" });
    rmSync(creds);
    expect(authenticator?.("nonce")).toMatchObject({ jwt: "second.jwt" });
  });

  test("never throws because of a file that holds no credentials: the server refuses, and we try again", () => {
    const creds = scratchFile("device.creds");
    writeFileSync(creds, "nothing of use");
    const { authenticator } = identityFrom(natsOptionsSchema.parse({ creds }), silentLogger);
    expect(authenticator?.("nonce")).toBeUndefined();
    writeFileSync(creds, credentials("mended.jwt"));
    expect(authenticator?.("nonce")).toMatchObject({ jwt: "mended.jwt" });
  });

  test("is taken out of the address, where it may not be seen", () => {
    const identity = (servers: string) => identityFrom(natsOptionsSchema.parse({ servers }), silentLogger);
    expect(identity("nats://us%40er:p%3Aw@a:4222,b")).toEqual({ servers: ["a:4222", "b"], user: "us@er", pass: "p:w" });
    expect(identity("u:50%@a")).toEqual({ servers: ["a"], user: "u", pass: "50%" });
    expect(identity("tls://secret@a:4222")).toEqual({ servers: ["a:4222"], token: "secret", tls: {} });
  });
});
