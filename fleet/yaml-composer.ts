/** Puts the events of a YAML parse together: plain data, the place of every part, and what the contract leaves out of YAML. */
import { EVENT_ID, getScalarValue, SCALAR_STYLE, type Event, type ScalarEvent } from "js-yaml";
import { ALIAS_WEIGHT_MAX } from "#schema/limits.ts";
import { quoted, UNKNOWN } from "#schema/shape-check.ts";
import { CORE_TAGS, resolvePlain, resolveTagged, UNRESOLVED } from "./yaml-scalars.ts";

/** What a node weighs beside its characters, where aliases are bounded. */
const NODE_WEIGHT = 100;
/** A value, and where it and its parts stand in the text. */
export interface YamlNode {
  /** Plain data: null, text, number, true or false, array or object; UNKNOWN where a fault says why. */
  readonly value: unknown;
  /** Where the value begins. */
  readonly offset: number;
  /** Of a mapping: its keys as written, each with where it stands and its value. Keys are unique. */
  readonly entries: readonly YamlEntry[] | null;
  /** Of a list. */
  readonly items: readonly YamlNode[] | null;
  /** True where an alias stands for it: `offset` is that of the alias, its parts stand where they are written. */
  readonly isAlias?: boolean;
}

export interface YamlEntry {
  readonly key: string;
  readonly offset: number;
  readonly node: YamlNode;
}

/** Something the contract does not allow in YAML. */
export interface YamlFault {
  readonly offset: number;
  readonly code: "yaml-syntax" | "duplicate-key" | "wrong-type";
  readonly message: string;
}

interface Anchored {
  node: YamlNode | null;
  /** How much it is, aliases expanded: its characters, and a hundred for each node. */
  weight: number;
}

/** Puts the events of one parse together. */
export class Composer {
  readonly #text: string;
  readonly #shift: number;
  readonly #events: readonly Event[];
  readonly #faults: YamlFault[];
  readonly #percent: boolean;
  #next = 0;
  /** The end of the last scalar or alias put together. */
  #end = 0;
  #weight = 0;
  #expanded = 0;
  #anchors = new Map<string, Anchored>();

  constructor(text: string, shift: number, events: readonly Event[], faults: YamlFault[]) {
    this.#text = text;
    this.#shift = shift;
    this.#events = events;
    this.#faults = faults;
    this.#percent = /^%/m.test(text);
  }

  documents(): YamlNode[] {
    const documents: YamlNode[] = [];
    for (let event = this.#take(); event !== undefined; event = this.#take()) {
      if (event.type !== EVENT_ID.DOCUMENT) continue;
      this.#anchors = new Map();
      this.#expanded = 0;
      if (this.#percent && event.explicitStart) this.#directive();
      const first = this.#events[this.#next];
      const empty = first === undefined || isAbsent(first);
      const node = this.#node();
      if (!empty) documents.push(node);
    }
    return documents;
  }

  #take(): Event | undefined {
    return this.#events[this.#next++];
  }

  /** The node that the next events are; its value is UNKNOWN where a fault says why. */
  #node(): YamlNode {
    const event = this.#take();
    this.#weight += NODE_WEIGHT;
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        return this.#scalar(event);
      case EVENT_ID.ALIAS:
        return this.#alias(event.anchorStart, event.anchorEnd);
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING: {
        const isMap = event.type === EVENT_ID.MAPPING;
        this.#checkTag(event.tagStart, event.tagEnd, isMap ? "map" : "seq");
        const anchored = this.#anchor(event.anchorStart, event.anchorEnd);
        const before = this.#weight - NODE_WEIGHT;
        const node = isMap ? this.#mapping(event.start) : this.#sequence(event.start);
        if (anchored !== null) Object.assign(anchored, { node, weight: this.#weight - before });
        return node;
      }
      case EVENT_ID.DOCUMENT:
      case EVENT_ID.POP:
      case undefined:
        throw new Error("a parse gave events that do not make a document");
    }
  }

  #scalar(event: ScalarEvent): YamlNode {
    const offset = this.#scalarOffset(event);
    const value = this.#scalarValue(event);
    this.#weight += event.valueEnd - event.valueStart;
    if (event.valueEnd > this.#end) this.#end = event.valueEnd;
    const node = { value, offset: offset + this.#shift, entries: null, items: null };
    const anchored = this.#anchor(event.anchorStart, event.anchorEnd);
    if (anchored !== null) Object.assign(anchored, { node, weight: NODE_WEIGHT + event.valueEnd - event.valueStart });
    return node;
  }

  #scalarValue(event: ScalarEvent): unknown {
    const text = getScalarValue(this.#text, event);
    if (event.style === SCALAR_STYLE.DOUBLE_QUOTED && !isCharacters(text)) {
      this.#fault(event.valueStart - 1, "yaml-syntax", "this text has escapes that are no characters");
      return UNKNOWN;
    }
    if (event.tagStart < 0) return event.style === SCALAR_STYLE.PLAIN ? resolvePlain(text) : text;
    const value = resolveTagged(this.#text.slice(event.tagStart, event.tagEnd), text);
    if (value !== UNRESOLVED) return value;
    const tag = quoted(this.#text.slice(event.tagStart, event.tagEnd));
    this.#fault(
      event.tagStart,
      "yaml-syntax",
      `the tag ${tag} does not fit or is not one of YAML's core; leave it out`,
    );
    return UNKNOWN;
  }

  #mapping(start: number): YamlNode {
    this.#end = Math.max(this.#end, start);
    const entries: YamlEntry[] = [];
    const seen = new Set<string>();
    const value: Record<string, unknown> = {};
    let merged = false;
    while (this.#events[this.#next]?.type !== EVENT_ID.POP) {
      const key = this.#key();
      const node = this.#node();
      if (key === null) continue;
      if (key.merges) {
        merged = true;
        continue;
      }
      if (seen.has(key.text)) {
        this.#fault(key.offset, "duplicate-key", `the key ${quoted(key.text)} is here twice; keep one of them`);
        continue;
      }
      seen.add(key.text);
      entries.push({ key: key.text, offset: key.offset + this.#shift, node });
      setOwn(value, key.text, node.value);
    }
    this.#next++;
    // What a merge key would have brought cannot be judged.
    return { value: merged ? UNKNOWN : value, offset: start + this.#shift, entries, items: null };
  }

  #sequence(start: number): YamlNode {
    this.#end = Math.max(this.#end, start);
    const items: YamlNode[] = [];
    while (this.#events[this.#next]?.type !== EVENT_ID.POP) {
      items.push(this.#node());
    }
    this.#next++;
    return { value: items.map((item) => item.value), offset: start + this.#shift, entries: null, items };
  }

  /** A key as text, or null with a fault where it is none. */
  #key(): { text: string; offset: number; merges: boolean } | null {
    const event = this.#events[this.#next];
    const node = this.#node();
    const offset = node.offset - this.#shift;
    if (node.value === UNKNOWN) return null;
    if (typeof node.value !== "string") {
      this.#fault(offset, "wrong-type", "a key is text; write it in quotes");
      return null;
    }
    const merges = node.value === "<<" && event?.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN;
    if (merges) this.#fault(offset, "yaml-syntax", "merge keys (<<) are not part of YAML 1.2; write the fields out");
    return { text: node.value, offset, merges };
  }

  #alias(start: number, end: number): YamlNode {
    this.#end = Math.max(this.#end, end);
    const name = this.#text.slice(start, end);
    const anchored = this.#anchors.get(name);
    if (anchored === undefined) return this.#lost(start, `no anchor &${name} stands before this alias`);
    if (anchored.node === null) return this.#lost(start, `the alias *${name} stands inside the value it repeats`);
    this.#expanded += anchored.weight;
    this.#weight += anchored.weight;
    const offset = start - 1 + this.#shift;
    if (this.#expanded <= ALIAS_WEIGHT_MAX) return { ...anchored.node, offset, isAlias: true };
    const first = this.#expanded - anchored.weight <= ALIAS_WEIGHT_MAX;
    return this.#lost(
      start,
      first ? "the aliases of this document repeat too much; write less of it as aliases" : null,
    );
  }

  #lost(start: number, message: string | null): YamlNode {
    if (message !== null) this.#fault(start - 1, "yaml-syntax", message);
    return { value: UNKNOWN, offset: start - 1 + this.#shift, entries: null, items: null };
  }

  #anchor(start: number, end: number): Anchored | null {
    if (start < 0) return null;
    const anchored: Anchored = { node: null, weight: NODE_WEIGHT };
    this.#anchors.set(this.#text.slice(start, end), anchored);
    return anchored;
  }

  #checkTag(start: number, end: number, own: "map" | "seq"): void {
    if (start < 0) return;
    const tag = this.#text.slice(start, end);
    if (tag === "!" || CORE_TAGS.get(tag) === own) return;
    this.#fault(start, "yaml-syntax", `the tag ${quoted(tag)} does not fit or is not one of YAML's core; leave it out`);
  }

  /** Lines that begin with % between the end of one document and the `---` of the next. */
  #directive(): void {
    const rest = this.#text.slice(this.#end);
    const index = rest.search(/^%/m);
    if (index < 0 || index > rest.search(/^---/m)) return;
    this.#fault(
      this.#end + index,
      "yaml-syntax",
      "directives such as %YAML and %TAG are not allowed; leave the line out",
    );
  }

  /** Where a scalar begins: at its quote, at `|` or `>`, or, where nothing is written, behind what it belongs to. */
  #scalarOffset(event: ScalarEvent): number {
    if (event.valueStart < 0) return this.#emptyOffset(event);
    if (event.style === SCALAR_STYLE.PLAIN) return event.valueStart;
    if (event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED)
      return event.valueStart - 1;
    const from = Math.max(this.#end, event.tagEnd, event.anchorEnd);
    const found = this.#text.slice(from, event.valueStart).search(/[|>]/);
    return found < 0 ? event.valueStart : from + found;
  }

  #emptyOffset(event: ScalarEvent): number {
    const properties = Math.max(event.tagEnd, event.anchorEnd);
    if (properties >= 0) return properties;
    const separator = /^["']?[ \t]*:|^(?:\s|#[^\n]*\n)*[-?:](?=\s|$)/.exec(
      this.#text.slice(this.#end, this.#end + 1_000),
    );
    const offset = this.#end + (separator === null ? 0 : separator[0].length);
    this.#end = offset;
    return offset;
  }

  #fault(offset: number, code: YamlFault["code"], message: string): void {
    this.#faults.push({ offset: offset + this.#shift, code, message });
  }
}

function isAbsent(event: Event): boolean {
  return event.type === EVENT_ID.SCALAR && event.valueStart < 0 && event.tagStart < 0 && event.anchorStart < 0;
}

/** False for halves of surrogate pairs, and for null, which no program can be given. */
function isCharacters(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** Sets an own member whatever its name is; assignment would reach the prototype through `__proto__`. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
