/** One key, read and written so that nobody's change is overwritten unseen. */
import type { BucketName } from "#schema/keys.ts";
import type { NatsLink } from "./link.ts";
import type { WriteResult } from "./writer.ts";

/** What a key holds. `value` is null where the last message is a DEL or PURGE marker. */
export interface KeyState {
  readonly value: Uint8Array | null;
  readonly revision: number;
  /** When the server stored it, by the server's clock. */
  readonly atMs: number;
  readonly headers: (name: string) => string | undefined;
}

/** Options of a single write. */
export interface PutOptions {
  readonly bucket: BucketName;
  readonly key: string;
  /** 0: the key must never have been written. A marker has a revision, too. */
  readonly expectedRevision: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** The last message of a key (a marker included), or null where there is none. Throws NatsFailure. */
export declare function readKey(link: NatsLink, bucket: BucketName, key: string): Promise<KeyState | null>;
/** Writes where the key's revision is still the expected one. */
export declare function putIf(link: NatsLink, value: Uint8Array | string, options: PutOptions): Promise<WriteResult>;
/** Leaves a DEL marker where the key's revision is still the expected one. */
export declare function deleteIf(link: NatsLink, options: PutOptions): Promise<WriteResult>;
