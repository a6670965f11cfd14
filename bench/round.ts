/** One time through the main job, in milliseconds. */
export interface Round {
  /** From the commit until the desired value can be read from the bucket. */
  readonly keyMs: number;
  /** From then until podman started the container. */
  readonly runningMs: number;
  /** From then until whoever follows the bucket sees the state. */
  readonly stateMs: number;
}
