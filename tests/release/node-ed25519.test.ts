/** The signatures of a release are those of the sources, byte by byte. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { assert, nat, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { packageRoot } from "#runtime/package-root.ts";

interface Signing {
  readonly randomBytes: (count: number) => Uint8Array;
  readonly sign: {
    readonly keyPair: { fromSeed(seed: Uint8Array): { publicKey: Uint8Array; secretKey: Uint8Array } };
    readonly detached: ((message: Uint8Array, secretKey: Uint8Array) => Uint8Array) & {
      verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
    };
  };
}

const require = createRequire(join(packageRoot(), "node_modules/@nats-io/nkeys/package.json"));
const theirs = require("tweetnacl") as Signing;
const ours = require(join(packageRoot(), "release/node-ed25519.cjs")) as Signing;

const seeds = uint8Array({ minLength: 32, maxLength: 32 });
const messages = uint8Array({ maxLength: 200 });

test("keys and signatures of any seed and message are the same", () => {
  assert(
    property(seeds, messages, (seed, message) => {
      const [one, other] = [ours.sign.keyPair.fromSeed(seed), theirs.sign.keyPair.fromSeed(seed)];
      expect(one).toEqual(other);
      expect(ours.sign.detached(message, one.secretKey)).toEqual(theirs.sign.detached(message, other.secretKey));
    }),
  );
});

test("each accepts what the other signed, and nothing that was changed", () => {
  assert(
    property(seeds, messages, nat(63), (seed, message, at) => {
      const { publicKey, secretKey } = ours.sign.keyPair.fromSeed(seed);
      const signature = ours.sign.detached(message, secretKey);
      expect(theirs.sign.detached.verify(message, signature, publicKey)).toBe(true);
      expect(ours.sign.detached.verify(message, theirs.sign.detached(message, secretKey), publicKey)).toBe(true);
      signature[at] = (signature[at] ?? 0) ^ 1;
      expect(ours.sign.detached.verify(message, signature, publicKey)).toBe(false);
    }),
  );
});

test("random bytes are as many as asked for, and others each time", () => {
  expect(ours.randomBytes(32)).toHaveLength(32);
  expect(ours.randomBytes(32)).not.toEqual(ours.randomBytes(32));
});
