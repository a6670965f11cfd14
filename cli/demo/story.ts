/** The story of `gitfleet demo --auto`: what gitfleet promises, done for real and checked at every step. */
import { helloDeployment, REAL_DEVICE, SIMULATED_DEVICES } from "#sandbox/fleet-repository.ts";
import type { LocalFleet } from "#sandbox/local-fleet.ts";
import type { FleetObserver } from "./observer.ts";
import type { Progress } from "./progress.ts";
import type { PullRequests } from "./pull-requests.ts";

/** Where the deployment for the real device is written. */
export const HELLO_FILE = "deployments/hello.yaml";
const HELLO_KEY = `${REAL_DEVICE}.hello`;
/** Together they are most of what the fleet runs. */
const MOST = ["deployments/kiosk.yaml", "deployments/player.yaml"];

/** Who takes part. */
export interface Stage {
  readonly fleet: LocalFleet;
  readonly observer: FleetObserver;
  readonly progress: Progress;
  readonly pulls: PullRequests;
}

/** Tells the whole story; rejects at the first step that is not true. */
export async function tellStory(stage: Stage): Promise<void> {
  const first = await deploy(stage);
  await upgrade(stage, first);
  await comeBack(stage);
  await proposeAndMerge(stage);
  await remove(stage);
  await holdAndApprove(stage);
}

/** Commits the deployment for the real device and waits until it answers; gives the container's id. */
export async function deploy(stage: Stage): Promise<string> {
  const { observer, progress } = stage;
  await progress.step("commit a deployment for this machine → its container answers HTTP", async () => {
    await commitHello(stage, "web:1");
    await observer.wait("the container answers web:1", async () => (await observer.page()) === "web:1");
  });
  return await onlyContainer(stage);
}

async function upgrade(stage: Stage, before: string): Promise<void> {
  const { observer, progress } = stage;
  await progress.step("commit an upgrade → another container, another answer", async () => {
    await commitHello(stage, "web:2");
    await observer.wait("the container answers web:2", async () => (await observer.page()) === "web:2");
    const after = await onlyContainer(stage);
    if (after === before) throw new Error(`the upgrade left container ${before} in place`);
  });
}

async function comeBack(stage: Stage): Promise<void> {
  const { fleet, observer, progress } = stage;
  await progress.step("kill the container by hand → it is back", async () => {
    const killed = await startedAt(stage);
    await fleet.device.signalContainer(await onlyContainer(stage), "KILL");
    await observer.wait("the container is back", async () => {
      const isNew = (await startedAt(stage)) !== killed;
      return isNew && (await observer.page()) === "web:2";
    });
    await observer.wait("the aggregates say so", () => {
      observer.assertAllRunning(observer.wanted());
      return true;
    });
  });
}

async function proposeAndMerge(stage: Stage): Promise<void> {
  const { observer, progress, pulls } = stage;
  const devices = observer.wanted().get("player") ?? 0;
  const headline = `${devices} of ${SIMULATED_DEVICES + 1} devices change: ${devices} updated, 0 added, 0 removed`;
  const proposal = await progress.step(
    "open a pull request → the bot comments what it would do, gitfleet/validate is a success",
    async () => {
      const one = await pulls.open();
      await observer.wait("the comment is there", () => pulls.comment(one.number).includes(headline));
      await observer.wait("the head is valid", () => pulls.status(one.head, "gitfleet/validate") === "success");
      if (!(await pulls.pageText(one.number)).includes(headline)) throw new Error("the page lacks the comment");
      return one;
    },
    ({ page }) => `${headline}, see ${page}`,
  );
  await progress.step(
    "merge it → gitfleet/rollout becomes a success, the same comment goes on",
    async () => {
      const commit = await pulls.merge(proposal.number);
      await observer.allRunning(commit, observer.wanted());
      const rolledOut = await observer.wait("the rollout is a success", () => pulls.succeeded(commit));
      await observer.wait("the comment says so", () => {
        const comment = pulls.comment(proposal.number);
        return comment.includes(headline) && comment.includes(`Rollout of \`${commit.slice(0, 7)}\`: done`);
      });
      return rolledOut;
    },
    (statuses) => statuses.join(" → "),
  );
  await progress.step("the status branch says how the fleet is", async () => {
    const commit = await stage.fleet.repository.git("rev-parse", "HEAD");
    await observer.wait("status/fleet.yaml names the commit", async () =>
      (await pulls.statusFile("fleet.yaml")).includes(commit),
    );
    await observer.wait("the deployment's file counts its devices", async () =>
      (await pulls.statusFile("deployments/player.yaml")).includes(`succeeded: ${devices}`),
    );
    await observer.wait("the page for people names it", async () =>
      (await pulls.statusFile("README.md")).includes("player"),
    );
  });
}

async function remove(stage: Stage): Promise<void> {
  const { fleet, observer, progress } = stage;
  await progress.step("commit its removal → container, key and state are gone", async () => {
    fleet.repository.write(HELLO_FILE, null);
    await commitAndConverge(stage, "Remove hello");
    await observer.wait("the container is gone", async () => (await observer.containers()).length === 0);
    await observer.wait("the key is gone", async () => !(await observer.hasKey("desired-state", HELLO_KEY)));
    await observer.wait(
      "the state is gone",
      async () => !(await observer.hasKey("device-state", `state.${HELLO_KEY}`)),
    );
    if ((await observer.page()) !== null) throw new Error("the removed container still answers");
  });
}

async function holdAndApprove(stage: Stage): Promise<void> {
  const { fleet, observer, progress } = stage;
  const before = observer.wanted();
  await progress.step(
    "commit the removal of most of the fleet → held, nothing changes",
    async () => {
      for (const file of MOST) fleet.repository.write(file, null);
      const commit = await fleet.repository.commit("Remove what the kiosks run");
      const refused = await observer.wait("the commit is held", () => {
        const refusal = observer.status().record?.refused;
        return refusal?.commit === commit && refusal.reason === "held" ? refusal : null;
      });
      observer.assertAllRunning(before);
      return refused;
    },
    ({ removes, of }) => `${removes} of ${of} keys would go`,
  );
  await progress.step("approve it by its trailer → applied", async () => {
    await commitAndConverge(stage, "Remove what the kiosks run\n\nIt is meant.\n\nGitfleet-Allow-Prune: true");
    if (observer.status().record?.refused !== null) throw new Error("the applied commit is still called refused");
  });
}

async function commitHello(stage: Stage, tag: "web:1" | "web:2"): Promise<void> {
  const { fleet } = stage;
  const text = helloDeployment({ image: fleet.registry.ref(tag), port: fleet.port });
  fleet.repository.write(HELLO_FILE, text);
  await commitAndConverge(stage, `Run ${tag} on this machine`);
}

/** Every step ends like this: applied, everything runs, and the aggregates are exactly what the repository says. */
async function commitAndConverge({ fleet, observer }: Stage, message: string): Promise<void> {
  const commit = await fleet.repository.commit(message);
  await observer.allRunning(commit, observer.wanted());
}

async function onlyContainer({ observer }: Stage): Promise<string> {
  const [id, ...more] = await observer.containers();
  if (id === undefined || more.length > 0) throw new Error(`one container was expected, there are ${1 + more.length}`);
  return id;
}

async function startedAt(stage: Stage): Promise<string> {
  const id = await onlyContainer(stage);
  return await stage.fleet.device.podman("inspect", "--format", "{{.State.StartedAt}} {{.State.Pid}}", id);
}
