/**
 * Reads the plain part of YAML that nearly every file of a fleet is written in: mappings and lists by indentation,
 * brackets that close on their line, scalars of one line, comments. At anything else it gives up, and the whole parser
 * reads the document instead. It never guesses: whatever it answers, the whole parser answers, too.
 */
import { ASKS_IN_SCALAR, BEGINS_KEY, BEGINS_SCALAR, bitsOf, IN_KEY, PRINTS } from "./plain-characters.ts";
import { interned } from "#schema/interned.ts";
import type { YamlEntry, YamlNode } from "./yaml-composer.ts";
import { resolvePlain } from "./yaml-scalars.ts";

const LINE_BREAK = 10;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const HASH = 35;
const SINGLE_QUOTE = 39;
const COMMA = 44;
const DASH = 45;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_MAPPING = 123;
const CLOSE_MAPPING = 125;

/** Deeper than this nobody writes by hand; the whole parser allows for more and says where it ends. */
const DEPTH_MAX = 24;
const KEY_LENGTH_MAX = 128;

/**
 * The documents in a part of a text that holds at most one: none where there is nothing but comments. Null where it is
 * not plain.
 */
export function readPlain(text: string, start: number, end: number): readonly YamlNode[] | null {
  return new PlainReader(text, start, end).documents();
}

/** Every method stops at the first thing that is not plain, and gives null or false then. */
class PlainReader {
  readonly #text: string;
  readonly #end: number;
  #at: number;
  /** How far the line is indented whose content comes next; -1 at the end. */
  #indent = -1;
  #depth = 0;

  constructor(text: string, start: number, end: number) {
    this.#text = text;
    this.#at = start;
    this.#end = end;
  }

  documents(): readonly YamlNode[] | null {
    if (this.#text.startsWith("---", this.#at)) {
      this.#at += 3;
      if (this.#at < this.#end && this.#code(this.#at) !== LINE_BREAK) return null;
      this.#at += 1;
    }
    if (!this.#nextLine()) return null;
    if (this.#indent < 0) return [];
    if (this.#indent > 0) return null;
    // A mapping or list ends at the first line that stands elsewhere; a line that belongs to none of them is left over.
    const root = this.#block();
    return root === null || this.#indent >= 0 ? null : [root];
  }

  #code(at: number): number {
    return at < this.#end ? this.#text.charCodeAt(at) : LINE_BREAK;
  }

  /** From the start of a line to the next content, over empty lines and comments. */
  #nextLine(): boolean {
    while (this.#at < this.#end) {
      const start = this.#at;
      this.#skipSpaces();
      const code = this.#code(this.#at);
      if (code === LINE_BREAK) this.#at += 1;
      else if (code === HASH) {
        if (!this.#skipComment()) return false;
      } else {
        this.#indent = this.#at - start;
        return true;
      }
    }
    this.#indent = -1;
    return true;
  }

  #skipSpaces(): void {
    while (this.#at < this.#end && this.#text.charCodeAt(this.#at) === SPACE) this.#at += 1;
  }

  #skipComment(): boolean {
    for (; this.#at < this.#end; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === LINE_BREAK) break;
      if ((bitsOf(code) & PRINTS) === 0) return false;
    }
    this.#at += 1;
    return true;
  }

  /** Over spaces and a comment to the next line with content. False where anything else follows a value. */
  #endLine(): boolean {
    const start = this.#at;
    this.#skipSpaces();
    const code = this.#code(this.#at);
    if (code === LINE_BREAK) this.#at += 1;
    else if (code !== HASH || this.#at === start || !this.#skipComment()) return false;
    return this.#nextLine();
  }

  /** What begins at the content of this line, over as many lines as belong to it. */
  #block(): YamlNode | null {
    if (this.#depth >= DEPTH_MAX) return null;
    this.#depth += 1;
    const node = this.#blockOf(this.#code(this.#at));
    this.#depth -= 1;
    return node;
  }

  #blockOf(first: number): YamlNode | null {
    if (first === DASH) return this.#list(this.#indent);
    if (first === OPEN_LIST || first === OPEN_MAPPING) return this.#valueInLine();
    return this.#mapping(this.#indent);
  }

  #mapping(indent: number): YamlNode | null {
    const offset = this.#at;
    const entries: YamlEntry[] = [];
    const value: Record<string, unknown> = {};
    do {
      const keyOffset = this.#at;
      const key = this.#key();
      // What an object has by nature, such as `constructor`, is left to the whole parser as well.
      if (key === null || value[key] !== undefined) return null;
      const node = this.#valueOfKey(indent);
      if (node === null) return null;
      value[key] = node.value;
      entries.push({ key, offset: keyOffset, node });
    } while (this.#indent === indent);
    return { value, offset, entries, items: null };
  }

  #valueOfKey(indent: number): YamlNode | null {
    this.#skipSpaces();
    const code = this.#code(this.#at);
    if (code !== LINE_BREAK && code !== HASH) return this.#valueInLine();
    if (!this.#endLine()) return null;
    if (this.#indent > indent) return this.#block();
    // A list may stand right below its key. Where nothing does, the value is null, and the whole parser says so.
    return this.#indent === indent && this.#code(this.#at) === DASH ? this.#block() : null;
  }

  /** The items of a list whose dashes stand at this column. */
  #list(indent: number): YamlNode | null {
    const offset = this.#at;
    const items: YamlNode[] = [];
    while (this.#indent === indent && this.#code(this.#at) === DASH) {
      const dash = this.#at;
      this.#at += 1;
      this.#skipSpaces();
      if (this.#at === dash + 1) return null;
      const node = this.#isKeyHere() ? this.#mappingAt(indent, this.#at - dash) : this.#valueInLine();
      if (node === null) return null;
      items.push(node);
    }
    return listOf(items, offset);
  }

  /** A mapping whose first key stands `columns` behind the dash that it is the item of. */
  #mappingAt(dash: number, columns: number): YamlNode | null {
    this.#indent = dash + columns;
    return this.#block();
  }

  #isKeyHere(): boolean {
    const start = this.#at;
    const isKey = this.#key() !== null;
    this.#at = start;
    return isKey;
  }

  /** A key with its colon. */
  #key(): string | null {
    const start = this.#at;
    const key = this.#keyText(this.#code(start));
    if (key === null || this.#at - start > KEY_LENGTH_MAX || this.#code(this.#at) !== COLON) return null;
    const after = this.#code(this.#at + 1);
    if (after !== SPACE && after !== LINE_BREAK) return null;
    this.#at += 1;
    return interned(key);
  }

  #keyText(first: number): string | null {
    const start = this.#at;
    if (first === DOUBLE_QUOTE || first === SINGLE_QUOTE) {
      const node = this.#quotedText(first);
      return node === null ? null : (node.value as string);
    }
    if ((bitsOf(first) & BEGINS_KEY) === 0) return null;
    let at = start + 1;
    while ((bitsOf(this.#code(at)) & IN_KEY) !== 0) at += 1;
    this.#at = at;
    const key = this.#text.slice(start, at);
    return resolvePlain(key) === key ? key : null;
  }

  /** A value that ends on its line. */
  #valueInLine(): YamlNode | null {
    const node = this.#value(false);
    return node !== null && this.#endLine() ? node : null;
  }

  #value(inBrackets: boolean): YamlNode | null {
    const code = this.#code(this.#at);
    switch (code) {
      case DOUBLE_QUOTE:
      case SINGLE_QUOTE:
        return this.#quotedText(code);
      case OPEN_LIST:
        return this.#listInBrackets();
      case OPEN_MAPPING:
        return this.#mappingInBrackets();
      default:
        return this.#plainScalar(code, inBrackets);
    }
  }

  /** Quoted text without escapes. */
  #quotedText(quote: number): YamlNode | null {
    const offset = this.#at;
    for (let at = offset + 1; at < this.#end; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === quote) {
        this.#at = at + 1;
        return { value: this.#text.slice(offset + 1, at), offset, entries: null, items: null };
      }
      if ((bitsOf(code) & PRINTS) === 0 || (code === BACKSLASH && quote === DOUBLE_QUOTE)) return null;
    }
    return null;
  }

  #plainScalar(first: number, inBrackets: boolean): YamlNode | null {
    const offset = this.#at;
    const sound = first === DASH ? bitsOf(this.#code(offset + 1)) & BEGINS_SCALAR : bitsOf(first) & BEGINS_SCALAR;
    if (sound === 0) return null;
    let end = offset + 1;
    for (let at = end; at < this.#end; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === SPACE) continue;
      if (code === LINE_BREAK) break;
      const bits = bitsOf(code);
      if ((bits & PRINTS) === 0) return null;
      if ((bits & ASKS_IN_SCALAR) !== 0) {
        if (code === HASH) {
          if (end < at) break;
        } else if (code === COLON) {
          if (this.#endsAtColon(at, inBrackets)) return null;
        } else if (inBrackets) break;
      }
      end = at + 1;
    }
    this.#at = end;
    return { value: resolvePlain(this.#text.slice(offset, end)), offset, entries: null, items: null };
  }

  /** True where a colon may make what stands before it a key. */
  #endsAtColon(at: number, inBrackets: boolean): boolean {
    const after = this.#code(at + 1);
    if (after === SPACE || after === LINE_BREAK) return true;
    return inBrackets && after !== COLON && (bitsOf(after) & ASKS_IN_SCALAR) !== 0;
  }

  #listInBrackets(): YamlNode | null {
    const offset = this.#at;
    const items: YamlNode[] = [];
    if (!this.#isEmpty(CLOSE_LIST)) {
      do {
        const node = this.#nested();
        if (node === null) return null;
        items.push(node);
      } while (this.#comma());
      if (!this.#closes(CLOSE_LIST)) return null;
    }
    return listOf(items, offset);
  }

  #mappingInBrackets(): YamlNode | null {
    const offset = this.#at;
    const entries: YamlEntry[] = [];
    const value: Record<string, unknown> = {};
    if (!this.#isEmpty(CLOSE_MAPPING)) {
      do {
        const keyOffset = this.#at;
        const key = this.#key();
        if (key === null || value[key] !== undefined) return null;
        this.#skipSpaces();
        const node = this.#nested();
        if (node === null) return null;
        value[key] = node.value;
        entries.push({ key, offset: keyOffset, node });
      } while (this.#comma());
      if (!this.#closes(CLOSE_MAPPING)) return null;
    }
    return { value, offset, entries, items: null };
  }

  /** Over the opening bracket and, where nothing is inside, the closing one. */
  #isEmpty(close: number): boolean {
    this.#at += 1;
    this.#skipSpaces();
    return this.#closes(close);
  }

  #nested(): YamlNode | null {
    if (this.#depth >= DEPTH_MAX) return null;
    this.#depth += 1;
    const node = this.#value(true);
    this.#depth -= 1;
    this.#skipSpaces();
    return node;
  }

  #comma(): boolean {
    if (this.#code(this.#at) !== COMMA) return false;
    this.#at += 1;
    this.#skipSpaces();
    return true;
  }

  #closes(close: number): boolean {
    if (this.#code(this.#at) !== close) return false;
    this.#at += 1;
    return true;
  }
}

/** The value is kept for as long as the fleet: it gets the room that it needs, and no more. */
function listOf(items: readonly YamlNode[], offset: number): YamlNode {
  return { value: items.map(({ value }) => value), offset, entries: null, items };
}
