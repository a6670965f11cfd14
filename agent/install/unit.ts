/** The agent as a service of systemd: the text of its unit, for the machine (root) and for one user (rootless podman). */

export const UNIT_NAME = "gitfleet-agent.service";
export const SYSTEM_CONFIG = "/etc/gitfleet/agent.yaml";
export const SYSTEM_STATE_DIR = "/var/lib/gitfleet";

/** How the agent is started. */
export interface UnitOptions {
  /** The program by its absolute path, and the words before the options: `["/usr/bin/gitfleet", "agent"]`. */
  readonly exec: readonly string[];
  /** The settings file that the agent is started with. */
  readonly config: string;
}

/** Where the machine's own agent keeps its things, unless told otherwise. */
export interface SystemUnitOptions {
  readonly exec: readonly string[];
  readonly config?: string;
  readonly stateDir?: string;
}

/** The unit for root's podman. Pure: equal options give equal bytes. */
export function systemUnit({ exec, config = SYSTEM_CONFIG, stateDir = SYSTEM_STATE_DIR }: SystemUnitOptions): string {
  return unitText({
    wantedBy: "multi-user.target",
    service: `${service(exec, config)}
# A device short of memory loses a container first: the agent is what brings it back.
OOMScoreAdjust=-500

# The whole file system is read-only but for its own folders. Secrets of services may lie in anybody's home.
${stateLines(stateDir)}
CacheDirectory=gitfleet
CacheDirectoryMode=0700
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RemoveIPC=yes
# To see who holds a port below 1024, to read a service's secret that belongs to its user, and to see which network
# podman publishes ports in. ProtectProc= is left out: whether a container listens is read from /proc.
CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_DAC_READ_SEARCH CAP_SYS_PTRACE
${restrictions()}`,
  });
}

/**
 * The unit for a user's own podman. A user's service manager may not make mount namespaces everywhere, so that only
 * what the kernel grants everybody is in it.
 */
export function userUnit({ exec, config }: UnitOptions): string {
  return unitText({ wantedBy: "default.target", service: `${service(exec, config)}\n\n${restrictions()}` });
}

function unitText({ wantedBy, service: lines }: { wantedBy: string; service: string }): string {
  return `# Written by gitfleet. Changes belong into a drop-in: systemctl edit ${UNIT_NAME}
[Unit]
Description=gitfleet agent: runs on this device what the fleet repository says
# Not after network-online.target: without a network the agent starts the device's containers from what it kept, and
# must not wait minutes for a network that may never come. It looks for NATS and for podman as long as it takes.
Wants=podman.socket
After=network.target podman.socket
StartLimitIntervalSec=0

[Service]
${lines}

[Install]
WantedBy=${wantedBy}
`;
}

function service(exec: readonly string[], config: string): string {
  return `Type=exec
ExecStart=${execLine([...exec, "--config", config])}
SyslogIdentifier=gitfleet-agent
# Compiled code is kept between starts.
Environment=NODE_COMPILE_CACHE=%C/gitfleet
Restart=always
# From 2 s up to a minute. systemd before 254 does not know the last two lines, says so, and stays at 2 s.
RestartSec=2s
RestartSteps=8
RestartMaxDelaySec=1min
# The agent stops within 10 s. Only the agent itself is ever signalled: containers are children of podman's own monitor
# (conmon), which podman.service starts and systemd keeps in a scope of its own, so that nothing of this unit owns them.
KillMode=process
TimeoutStopSec=15s

UMask=0077
LimitNOFILE=16384
TasksMax=128
MemoryHigh=256M
MemoryMax=512M`;
}

/** By seccomp: they need no rights. MemoryDenyWriteExecute= is left out, because Node compiles while it runs. */
function restrictions(): string {
  return `NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
# V8 asks for memory protection keys (@pkey) and does without them where it must.
SystemCallFilter=@system-service @pkey
SystemCallFilter=~@privileged @resources @keyring
SystemCallErrorNumber=EPERM`;
}

/** StateDirectory= makes the folder where it is missing; elsewhere it must be there. */
function stateLines(stateDir: string): string {
  const below = /^\/var\/lib\/([A-Za-z0-9_-]+)$/.exec(stateDir)?.[1];
  if (below === undefined) return `ReadWritePaths=${quoted(stateDir)}`;
  return `StateDirectory=${below}\nStateDirectoryMode=0700`;
}

function execLine(words: readonly string[]): string {
  return words.map((word, index) => (index === 0 ? quoted(word) : quoted(word).replaceAll("$", "$$$$"))).join(" ");
}

/** A word as unit files take it: `%` is doubled, and quotes stand around what is not plain. */
function quoted(word: string): string {
  const text = word.replaceAll("%", "%%");
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
