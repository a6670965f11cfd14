/** The command line of a device as a program: it becomes the agent's bundle, a CommonJS file without top-level await. */
import { DEVICE_COMMANDS } from "./device-commands.ts";
import { runProcess } from "./run-process.ts";

void runProcess(DEVICE_COMMANDS);
