/** A repository that is only read: pushes are taken for done and print what they would write. */
import type { ReceivePack } from "#git/receive-pack.ts";

const OK = (ref: string): Buffer => Buffer.from(`${line("unpack ok\n")}${line(`ok ${ref}\n`)}0000`);

/** Answers as git does after a push that went well. */
export function dryRunReceivePack(print: (text: string) => void): ReceivePack {
  return async (body) => {
    // The request begins with one command: `<length><old> <new> <ref>\0…`.
    const command = body.toString("utf8", 4, body.indexOf(0));
    const [from = "", to = "", ref = ""] = command.split(" ");
    print(`would push ${ref} from ${from} to ${to}\n`);
    return OK(ref);
  };
}

function line(text: string): string {
  return (text.length + 4).toString(16).padStart(4, "0") + text;
}
