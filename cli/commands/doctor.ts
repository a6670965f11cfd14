/** `gitfleet doctor`: checks of this machine, podman, git and NATS, each with what to do. */
import { doctorCommand } from "../doctor-command.ts";
import { checkRepository } from "../doctor/git.ts";

export const command = doctorCommand(checkRepository);
