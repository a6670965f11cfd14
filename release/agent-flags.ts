/**
 * How Node is started for the agent, which does little and waits a lot: memory counts, speed does not. Lite mode compiles
 * nothing ahead and forgets code that rests; what an agent does in a minute takes no longer with it.
 */
export const AGENT_NODE_FLAGS: readonly string[] = [
  "--max-semi-space-size=1",
  "--max-old-space-size=128",
  "--lite-mode",
];
