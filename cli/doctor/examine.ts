/** All checks, in the order in which people read them; what does not depend on each other is looked at side by side. */
import { checkGit, checkNode } from "./machine.ts";
import type { Check } from "./check.ts";
import { checkClock, httpClock } from "./clock.ts";
import { checkControlGroups } from "./control-groups.ts";
import { checkDisk, IMAGES, STATE } from "./disk.ts";
import { checkNames, hostOf, type Named } from "./names.ts";
import { checkNats } from "./nats.ts";
import { checkPodman, checkSocket, socketCandidates } from "./podman.ts";
import type { RepositoryToCheck } from "./repository.ts";
import type { Subject } from "./subject.ts";

/** What is looked at. */
export interface Examined {
  readonly subject: Subject;
  readonly registries: readonly string[];
  readonly repository: RepositoryToCheck | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export async function examine(examined: Examined): Promise<Check[]> {
  const { subject, repository, signal } = examined;
  const groups = await Promise.all([
    workplace(examined),
    containers(examined),
    checkNames(names(examined)),
    checkNats(subject.nats, subject.device, signal),
    repository === null ? Promise.resolve([]) : repository.check().then((check) => [check]),
  ]);
  const checks = groups.flat();
  return checks.some(({ name }) => name === "clock") ? checks : [...checks, ...(await clockByHttp(examined))];
}

/** The tools of a person, or the settings of a device. */
async function workplace({ subject }: Examined): Promise<readonly Check[]> {
  if (subject.device !== null) return subject.checks;
  return [checkNode(process.versions.node), await checkGit(), ...subject.checks];
}

async function containers({ subject, env }: Examined): Promise<Check[]> {
  const needed = subject.device !== null;
  const program = needed ? [] : [await checkPodman()];
  const { check, info } = await checkSocket(socketCandidates(subject.podman, env), { needed });
  const state = needed ? [await checkDisk({ ...STATE, path: subject.stateDir })] : [];
  if (info === null) return [...program, check, ...state];
  const images = await checkDisk({ ...IMAGES, path: info.store.graphRoot });
  return [...program, check, checkControlGroups(info), images, ...state];
}

function names({ subject, registries, repository }: Examined): Named[] {
  const named = (addresses: readonly string[], what: string): Named[] =>
    addresses.flatMap((address) => {
      const host = hostOf(address);
      return host === null ? [] : [{ host, what }];
    });
  const git = repository !== null && /^https?:/i.test(repository.url) ? [repository.url] : [];
  return [...named(subject.nats.servers, "NATS"), ...named(registries, "registry"), ...named(git, "git")];
}

// NATS tells the time best; without it, whatever web server is at hand.
async function clockByHttp({ registries, repository }: Examined): Promise<Check[]> {
  const git = repository !== null && /^https?:/i.test(repository.url) ? [repository.url] : [];
  const registryUrls = registries.map((registry) => `https://${registry}`);
  // Without its path: a forge tells the time to everybody. What is no address is told by another check.
  for (const url of [...git, ...registryUrls].flatMap((text) => URL.parse(text)?.origin ?? [])) {
    const compared = await httpClock(url);
    if (compared !== null) return [checkClock(compared)];
  }
  return [];
}
