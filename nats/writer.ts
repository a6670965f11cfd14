/** Many writes at once: pipelined, each acknowledged, with a bounded number in flight. */
import type { BucketName } from "#schema/keys.ts";
import type { NatsFailure } from "./errors.ts";
import type { NatsLink } from "./link.ts";

/** One change to one key. */
export type Write = {
  readonly bucket: BucketName;
  readonly key: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Refused as a conflict unless the key's last revision is this; 0: the key must never have been written. */
  readonly expectedRevision?: number;
} & ({ readonly kind?: "put"; readonly value: Uint8Array | string } | { readonly kind: "delete" | "purge" });

/** What became of a write. `failed`: not known to be written (it may have been). */
export type WriteResult =
  | { readonly kind: "written"; readonly revision: number }
  | { readonly kind: "conflict" }
  | { readonly kind: "failed"; readonly error: NatsFailure };

/** A pipeline of writes. */
export interface Writer {
  /** Sends at once while there is room, else as soon as there is. Never rejects. */
  write(write: Write): Promise<WriteResult>;
  /** Resolves when there is room for another write. */
  ready(): Promise<void>;
  /** Resolves when no write is outstanding. */
  flush(): Promise<void>;
  /** Fails what is outstanding and ends. */
  close(): void;
}

/** Limits of a writer. */
export interface WriterOptions {
  /** Most writes in flight; 1,024 when left out. */
  readonly window?: number;
  /** How long an acknowledgement may take; 5 s when left out. */
  readonly timeoutMs?: number;
}

export declare function createWriter(link: NatsLink, options?: WriterOptions): Writer;
