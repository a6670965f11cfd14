/** Git's protocol for reading, as a client: version 2 where the server speaks it, version 0 elsewhere. */
import { GitError } from "./git-error.ts";
import type { HttpClient } from "./http-client.ts";
import type { ObjectId } from "./objects.ts";
import { DELIMITER, FLUSH, lineOf, packetText, parsePackets, truncated, type Packet } from "./pkt-line.ts";

/** What to fetch and what is here already. */
export interface FetchRequest {
  readonly want: ObjectId;
  readonly haves: readonly ObjectId[];
  /** Commits whose parents are not here. */
  readonly shallow: readonly ObjectId[];
  /** How many commits of history. */
  readonly depth: number;
}

export interface FetchAnswer {
  readonly pack: Buffer;
  readonly shallow: readonly ObjectId[];
  readonly unshallow: readonly ObjectId[];
}

const AGENT = "agent=gitfleet/1";
const REFERENCES_MAX_BYTES = 64 * 1_048_576;
const PACK_MAX_BYTES = 1_024 * 1_048_576;

interface Advertisement {
  readonly version: 0 | 2;
  /** Version 0 tells all references at once. */
  readonly references: ReadonlyMap<string, ObjectId>;
  readonly capabilities: ReadonlySet<string>;
}

export class UploadPack {
  readonly #url: string;
  readonly #http: HttpClient;
  /** Known after the first answer; an error forgets it, since the server may have been replaced. */
  #version: 0 | 2 | null = null;

  constructor(url: string, http: HttpClient) {
    this.#url = url;
    this.#http = http;
  }

  /** The references whose names begin with `prefix`. */
  async references(prefix: string, signal?: AbortSignal): Promise<Map<string, ObjectId>> {
    return this.#remembering(async () => {
      if (this.#version !== 2) {
        const advertised = await this.#discover(signal);
        this.#version = advertised.version;
        if (advertised.version === 0) {
          return new Map([...advertised.references].filter(([name]) => name.startsWith(prefix)));
        }
      }
      return this.#listReferences(prefix, signal);
    });
  }

  /** A pack with what is missing. Rejects with `commit-missing` where the server does not give the commit. */
  async fetch(request: FetchRequest, signal?: AbortSignal): Promise<FetchAnswer> {
    return this.#remembering(async () => {
      const advertised = this.#version === 2 ? null : await this.#discover(signal);
      if (advertised !== null) this.#version = advertised.version;
      const body = advertised?.version === 0 ? bodyVersion0(request, advertised.capabilities) : bodyVersion2(request);
      return parseFetchAnswer(await this.#post(body, PACK_MAX_BYTES, signal), request);
    });
  }

  async #remembering<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#version = null;
      throw error;
    }
  }

  async #discover(signal?: AbortSignal): Promise<Advertisement> {
    const bytes = await this.#http.fetch({
      url: `${this.#url}/info/refs?service=git-upload-pack`,
      headers: { "git-protocol": "version=2" },
      expectType: "application/x-git-upload-pack-advertisement",
      maxBytes: REFERENCES_MAX_BYTES,
      signal,
    });
    return parseAdvertisement(bytes);
  }

  async #listReferences(prefix: string, signal?: AbortSignal): Promise<Map<string, ObjectId>> {
    const lines = ["command=ls-refs\n", `${AGENT}\n`, "object-format=sha1"].map(packetText).join("");
    const body = `${lines}${DELIMITER}${packetText(`ref-prefix ${prefix}\n`)}${FLUSH}`;
    const packets = [...parsePackets(await this.#post(body, REFERENCES_MAX_BYTES, signal))];
    // A proxy that drops the Git-Protocol header makes the server answer with nothing: that is not "no branches".
    if (packets.at(-1)?.kind !== "flush") throw truncated();
    return new Map(dataLines(packets).map(referenceOf));
  }

  #post(body: string, maxBytes: number, signal?: AbortSignal): Promise<Buffer> {
    return this.#http.fetch({
      url: `${this.#url}/git-upload-pack`,
      headers: {
        "git-protocol": this.#version === 2 ? "version=2" : "version=0",
        "content-type": "application/x-git-upload-pack-request",
        accept: "application/x-git-upload-pack-result",
      },
      body,
      expectType: "application/x-git-upload-pack-result",
      maxBytes,
      signal,
    });
  }
}

function parseAdvertisement(bytes: Buffer): Advertisement {
  const packets = [...parsePackets(bytes)];
  if (packets.at(-1)?.kind !== "flush") throw truncated();
  const lines = dataLines(packets).filter((line) => !line.startsWith("# service="));
  if (lines[0] === "version 2") {
    refuseOtherFormat(lines.find((line) => line.startsWith("object-format=")));
    return { version: 2, references: new Map(), capabilities: new Set(lines.slice(1)) };
  }
  const [first = "", capabilities = ""] = (lines[0] ?? "").split("\0");
  const words = new Set(capabilities.split(" "));
  refuseOtherFormat([...words].find((word) => word.startsWith("object-format=")));
  const references = [first, ...lines.slice(1)].filter((line) => line !== "" && !line.endsWith(" capabilities^{}"));
  return { version: 0, references: new Map(references.map(referenceOf)), capabilities: words };
}

function refuseOtherFormat(capability: string | undefined): void {
  if (capability === undefined || capability === "object-format=sha1") return;
  throw new GitError("unsupported", `the repository uses ${capability.slice("object-format=".length)} object ids`, {
    hint: "gitfleet reads repositories with SHA-1 ids.",
  });
}

function referenceOf(line: string): [string, ObjectId] {
  const match = /^([0-9a-f]{40}) ([^ \0]+)/.exec(line);
  if (match === null) throw new GitError("corrupt", "the server lists a reference that cannot be understood");
  return [match[2] ?? "", match[1] ?? ""];
}

function bodyVersion2({ want, haves, shallow, depth }: FetchRequest): string {
  const head = ["command=fetch\n", `${AGENT}\n`, "object-format=sha1"].map(packetText).join("");
  const lines = ["thin-pack", "no-progress", "ofs-delta", ...shallow.map((id) => `shallow ${id}`), `deepen ${depth}`];
  lines.push(`want ${want}`, ...haves.map((id) => `have ${id}`), "done");
  return `${head}${DELIMITER}${lines.map((line) => packetText(`${line}\n`)).join("")}${FLUSH}`;
}

const WISHED = ["side-band-64k", "thin-pack", "no-progress", "ofs-delta", "shallow", "multi_ack_detailed"];

function bodyVersion0({ want, haves, shallow, depth }: FetchRequest, offered: ReadonlySet<string>): string {
  const wished = [...WISHED.filter((word) => offered.has(word)), AGENT].join(" ");
  const lines = [`want ${want} ${wished}\n`, ...shallow.map((id) => `shallow ${id}`), `deepen ${depth}`];
  const after = [...haves.map((id) => `have ${id}\n`), "done\n"];
  return `${lines.map(packetText).join("")}${FLUSH}${after.map(packetText).join("")}`;
}

const BAND_PACK = 1;
const BAND_ERROR = 3;

// Both versions: lines about shallow commits and acknowledgements, then the pack in side-bands.
function parseFetchAnswer(bytes: Buffer, { want }: FetchRequest): FetchAnswer {
  const answer = { pack: [] as Buffer[], shallow: [] as ObjectId[], unshallow: [] as ObjectId[] };
  let last: Packet | null = null;
  for (const packet of parsePackets(bytes)) {
    last = packet;
    if (packet.kind !== "data") continue;
    const band = packet.bytes[0];
    if (band === BAND_PACK) answer.pack.push(packet.bytes.subarray(1));
    else if (band === BAND_ERROR) throw serverSays(lineOf(packet.bytes.subarray(1)), want);
    else if (band !== 2) readLine(lineOf(packet.bytes), answer, want);
  }
  if (last?.kind !== "flush" || answer.pack.length === 0) throw truncated();
  return { ...answer, pack: Buffer.concat(answer.pack) };
}

function readLine(line: string, answer: { shallow: ObjectId[]; unshallow: ObjectId[] }, want: ObjectId): void {
  const [word, id = ""] = line.split(" ");
  if (word === "shallow") answer.shallow.push(id);
  else if (word === "unshallow") answer.unshallow.push(id);
  else if (word === "ERR") throw serverSays(line.slice(4), want);
}

function serverSays(text: string, want: ObjectId): GitError {
  const said = text.slice(0, 200);
  if (/not our ref|unadvertised|no such remote ref|unallowed/i.test(said)) {
    return new GitError("commit-missing", `the server does not give the commit ${want}: ${said}`);
  }
  return new GitError("refused-by-server", `the server says: ${said}`);
}

function dataLines(packets: readonly Packet[]): string[] {
  const lines = packets.flatMap((packet) => (packet.kind === "data" ? [lineOf(packet.bytes)] : []));
  const error = lines.find((line) => line.startsWith("ERR "));
  if (error !== undefined) throw new GitError("refused-by-server", `the server says: ${error.slice(4, 204)}`);
  return lines;
}
