/** Small files as a tar archive: how they get into a container that is not running yet. */

const BLOCK_BYTES = 512;
const NAME_MAX_BYTES = 100;
const PREFIX_MAX_BYTES = 155;

/** A file to be put into a container. */
export interface TarFile {
  /** Absolute. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode: number;
}

/** The archive that holds `files`, relative to the root. Throws a RangeError for a path that tar cannot hold. */
export function tarOf(files: readonly TarFile[]): Buffer {
  const blocks = files.flatMap((file) => [header(file), file.content, padding(file.content.length)]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function header({ path, content, mode }: TarFile): Buffer {
  const { name, prefix } = split(path.replace(/^\/+/, ""));
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(content.length, 11), 124);
  block.write(octal(0, 11), 136);
  block.write("        ", 148);
  block.write("0", 156);
  block.write("ustar\u000000", 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\u0000 `, 148);
  return block;
}

// ustar keeps long paths in two fields, divided at a slash.
function split(path: string): { name: string; prefix: string } {
  const fits = (text: string, max: number): boolean => Buffer.byteLength(text) <= max;
  if (fits(path, NAME_MAX_BYTES)) return { name: path, prefix: "" };
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (fits(name, NAME_MAX_BYTES) && fits(prefix, PREFIX_MAX_BYTES)) return { name, prefix };
  }
  throw new RangeError(
    `the path /${path} is too long; files need shorter paths (at most 100 bytes after the last slash)`,
  );
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function padding(length: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (length % BLOCK_BYTES)) % BLOCK_BYTES);
}
