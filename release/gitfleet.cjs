#!/usr/bin/env node
// What an installed gitfleet starts with. CommonJS, so that even a Node that is too old gets as far as the sentence below.
"use strict";

const LEAST = [22, 14];
const [major, minor] = process.versions.node.split(".").map(Number);

if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  console.error(`gitfleet: it needs Node ${LEAST.join(".")} or newer, and this is ${process.versions.node}`);
  console.error("  Next: install a newer one (https://nodejs.org), then try again.");
  process.exit(2);
}

void import("../dist/main.mjs");
