/** How Node is started for the agent, which does little and waits a lot: memory counts, speed does not. */
export const AGENT_NODE_FLAGS: readonly string[] = ["--max-semi-space-size=1", "--max-old-space-size=128"];
