// What NATS keys need of tweetnacl, by Node's own means: the same signatures (RFC 8032 leaves no choice), a tenth of the
// size, and in native code. Encryption for others (xkeys) is not among it: no program of gitfleet uses it.
"use strict";
const { createPrivateKey, createPublicKey, randomBytes, sign, verify } = require("node:crypto");

// A key of 32 bytes becomes one that Node reads by what RFC 8410 puts before it.
const PRIVATE = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC = Buffer.from("302a300506032b6570032100", "hex");
const SEED_BYTES = 32;

function privateKey(seed) {
  return createPrivateKey({ key: Buffer.concat([PRIVATE, seed]), format: "der", type: "pkcs8" });
}

function fromSeed(seed) {
  const der = createPublicKey(privateKey(seed)).export({ format: "der", type: "spki" });
  const publicKey = new Uint8Array(der.subarray(PUBLIC.length));
  const secretKey = new Uint8Array(2 * SEED_BYTES);
  secretKey.set(seed);
  secretKey.set(publicKey, SEED_BYTES);
  return { publicKey, secretKey };
}

function detached(message, secretKey) {
  return new Uint8Array(sign(null, message, privateKey(secretKey.subarray(0, SEED_BYTES))));
}

detached.verify = (message, signature, publicKey) => {
  const key = createPublicKey({ key: Buffer.concat([PUBLIC, publicKey]), format: "der", type: "spki" });
  return verify(null, message, key, signature);
};

module.exports = {
  randomBytes: (count) => new Uint8Array(randomBytes(count)),
  sign: { keyPair: { fromSeed }, detached },
};
