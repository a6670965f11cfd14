/** Writes the small tar archives that image layers are made of: equal entries give equal bytes. */

const BLOCK_BYTES = 512;
const NAME_MAX_BYTES = 100;

/** A file, folder or symbolic link; `mode` is in octal as ever. */
export type TarEntry =
  | { readonly kind: "file"; readonly path: string; readonly bytes: Buffer; readonly mode: number }
  | { readonly kind: "folder"; readonly path: string; readonly mode: number }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/** The archive of these entries, in their order, owned by root, dated 1970. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => [header(entry), ...content(entry)]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function content(entry: TarEntry): Buffer[] {
  if (entry.kind !== "file") return [];
  const missing = (BLOCK_BYTES - (entry.bytes.length % BLOCK_BYTES)) % BLOCK_BYTES;
  return [entry.bytes, Buffer.alloc(missing)];
}

function header(entry: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  if (Buffer.byteLength(entry.path) > NAME_MAX_BYTES) throw new Error(`path too long for tar: ${entry.path}`);
  block.write(entry.path, 0);
  block.write(octal(entry.kind === "link" ? 0o777 : entry.mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(entry.kind === "file" ? entry.bytes.length : 0, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(" ".repeat(8), 148);
  block.write(typeFlag(entry), 156);
  if (entry.kind === "link") block.write(entry.target, 157);
  block.write("ustar\x0000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  return block;
}

function typeFlag(entry: TarEntry): string {
  return { file: "0", link: "2", folder: "5" }[entry.kind];
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}
