/** A forge on this machine for a local fleet: the model of GitHub, the working copy that pushes to it, and who it wakes. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FleetRepository } from "./fleet-repository.ts";
import { startGithubModel, type GithubModel } from "./github-model/github-model.ts";

/** A running forge, which holds what was in the repository. */
export interface LocalForge {
  readonly github: GithubModel;
  /** The working copy; its commits are pushed. */
  readonly repository: FleetRepository;
  /** Files with the secrets, for the programs. */
  readonly tokenFile: string;
  readonly webhookSecretFile: string;
  /** The page of a pull request, for people. */
  page(pull: number): string;
  /** Tells `POST /webhook` on this port of each push and pull request. */
  wakes(port: number): void;
  /** Brings the working copy to what the forge's main is now. */
  pull(): Promise<void>;
}

/** Starts it and pushes the repository's main branch. */
export async function startLocalForge(repository: FleetRepository, folder: string): Promise<LocalForge> {
  const github = await startGithubModel({ login: "robin" });
  try {
    const secret = randomBytes(16).toString("hex");
    const tokenFile = secretFile(folder, "forge-token", github.token);
    const webhookSecretFile = secretFile(folder, "webhook-secret", secret);
    await repository.git("remote", "add", "origin", github.gitUrl);
    await repository.git("config", `http.${github.webUrl}/.extraHeader`, `Authorization: Bearer ${github.token}`);
    await repository.git("push", "--quiet", "--set-upstream", "origin", "main");
    return {
      github,
      repository: pushing(repository),
      tokenFile,
      webhookSecretFile,
      page: (pull) => `${github.webUrl}/${github.fullName}/pull/${pull}`,
      wakes: (port) => github.addWebhook({ url: `http://127.0.0.1:${port}/webhook`, secret }),
      pull: async () => void (await repository.git("pull", "--quiet", "--ff-only", "origin", "main")),
    };
  } catch (error) {
    await github.stop();
    throw error;
  }
}

function pushing(repository: FleetRepository): FleetRepository {
  return {
    ...repository,
    async commit(message) {
      const commit = await repository.commit(message);
      await repository.git("push", "--quiet", "origin", "HEAD:main");
      return commit;
    },
  };
}

function secretFile(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `${text}\n`, { mode: 0o600 });
  return path;
}
