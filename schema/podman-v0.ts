/** What runs on a device: services as containers, in the words of the wire. */

/** An environment variable: its value, or a file on the device that holds it. Exactly one of the two. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  /** Absolute path on the device, read there, never reported. */
  readonly file?: string;
}

/** What is mounted into a container. */
export interface Volume {
  /** An absolute path on the device, else the name of a volume that belongs to the deployment. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly read_only?: boolean;
}

/** A small file that the score itself carries. */
export interface ScoreFile {
  readonly path: string;
  readonly content: string;
  /** Octal text such as `"0644"`. */
  readonly mode?: string;
}

/** How the agent asks a service whether it is well. */
export interface HealthCheck {
  /** Program and arguments, run in the container. Exit code 0 is well. */
  readonly command: readonly string[];
  readonly interval_seconds?: number;
  readonly timeout_seconds?: number;
  readonly retries?: number;
  readonly start_period_seconds?: number;
}

export interface Resources {
  readonly memory_bytes?: number;
  readonly cpus?: number;
}

export type RestartPolicy = "no" | "on-failure" | "always" | "unless-stopped";

/** One container. Field names are those of the wire. */
export interface Service {
  /** RFC 1123 label, unique within the deployment; other services reach it by this name. */
  readonly name: string;
  readonly image: string;
  /** `[address:]host:container[/tcp|/udp]` */
  readonly ports?: readonly string[];
  readonly env?: readonly EnvironmentVariable[];
  readonly volumes?: readonly Volume[];
  readonly files?: readonly ScoreFile[];
  readonly command?: readonly string[];
  readonly user?: string;
  readonly devices?: readonly string[];
  readonly network?: "private" | "host";
  readonly privileged?: boolean;
  readonly tmpfs?: readonly string[];
  readonly stop_grace_seconds?: number;
  readonly restart_policy?: RestartPolicy;
  readonly health?: HealthCheck;
  readonly resources?: Resources;
}

/** Containers run by podman, version 0 of the format. */
export interface PodmanV0 {
  readonly services: readonly Service[];
}

/** What to run, by type. */
export interface Score {
  readonly type: "PodmanV0";
  readonly data: PodmanV0;
}
