/** `gitfleet doctor` as a device has it: the same checks without git, which no device needs. */
import { doctorCommand } from "../doctor-command.ts";

export const command = doctorCommand(null);
