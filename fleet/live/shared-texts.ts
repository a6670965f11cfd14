/** Texts that many rows have in common, each kept once for as long as a row has it. */
import { Columns } from "./column.ts";
import { ownText } from "./own-text.ts";

/** The number of no text. */
export const NO_TEXT = 0;

/** Numbers for texts. Who takes one gives it back when it is done with it. */
export class SharedTexts<Text extends string = string> {
  readonly #numbers = new Map<Text, number>();
  readonly #texts: (Text | null)[] = [null];
  readonly #columns = new Columns();
  readonly #uses = this.#columns.uint32();
  readonly #free: number[] = [];
  /** Most often a text comes again right away. */
  #last: { readonly text: Text; readonly number: number } | null = null;

  #forgotten = 0;

  /** How many texts were ever forgotten: while this stays, every number is still that of its text. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** How many texts are kept. */
  get size(): number {
    return this.#numbers.size;
  }

  /** Numbers are below this. */
  get end(): number {
    return this.#texts.length;
  }

  find(text: Text): number | undefined {
    return this.#last?.text === text ? this.#last.number : this.#numbers.get(text);
  }

  /** The number of a text, one use more. */
  take(text: Text): number {
    const number = this.find(text) ?? this.#add(ownText(text));
    if (this.#last?.number !== number) this.#last = { text: this.textOf(number), number };
    this.#uses.at[number] = (this.#uses.at[number] ?? 0) + 1;
    return number;
  }

  /** One use more of a text that somebody has. */
  takeAgain(number: number): number {
    if (number !== NO_TEXT) this.#uses.at[number] = (this.#uses.at[number] ?? 0) + 1;
    return number;
  }

  /** One use less; the last one forgets the text. */
  giveBack(number: number): void {
    if (number === NO_TEXT) return;
    const left = (this.#uses.at[number] ?? 0) - 1;
    if (left < 0) throw new Error(`the text ${number} was given back more often than it was taken`);
    this.#uses.at[number] = left;
    if (left === 0) this.#forget(number);
  }

  textOf(number: number): Text {
    const text = this.#texts[number];
    if (text === null || text === undefined) throw new Error(`there is no text with the number ${number}`);
    return text;
  }

  *numbers(): Generator<number> {
    for (const number of this.#numbers.values()) yield number;
  }

  #add(text: Text): number {
    const number = this.#free.pop() ?? this.#texts.length;
    this.#columns.reserve(number + 1);
    this.#texts[number] = text;
    this.#numbers.set(text, number);
    return number;
  }

  #forget(number: number): void {
    this.#numbers.delete(this.textOf(number));
    if (this.#last?.number === number) this.#last = null;
    this.#texts[number] = null;
    this.#free.push(number);
    this.#forgotten += 1;
  }
}
