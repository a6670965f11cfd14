/** A program that exits with 0 where a sandbox device can run a container on this machine; the set-up runs it once. */
import { startPodmanDevice } from "./podman-device.ts";
import { startRegistry } from "./registry.ts";

await using registry = await startRegistry();
await using device = await startPodmanDevice({ name: "check", network: "host", registries: [registry] });
const said = await device.podman("run", "--rm", "--init", registry.ref("web:1"), "echo", "it runs");
if (!said.endsWith("it runs")) throw new Error(`a container printed ${JSON.stringify(said)}`);
console.log(said);
