/** `last_error`: one line that leaves the device, so without anybody's secrets. */
import { LAST_ERROR_MAX_BYTES } from "#schema/wire.ts";

/** One line of at most `LAST_ERROR_MAX_BYTES`, cut at a character. */
export function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- what devices say must not steer a terminal
  const line = withoutSecrets(text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim());
  const bytes = new TextEncoder().encode(line);
  if (bytes.length <= LAST_ERROR_MAX_BYTES) return line;
  const cut = new TextDecoder().decode(bytes.subarray(0, LAST_ERROR_MAX_BYTES - 3)).replace(/\uFFFD+$/, "");
  return `${cut}…`;
}

/** Without user and password before a host (a digest is none), and without what signs an address. */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(/[^\s"'/:@]+:[^\s"'/@]+@(?!sha256:)/g, "***@")
    .replaceAll(/(https?:\/\/[^\s"'?]+)\?[^\s"']+/g, "$1?…");
}
