/** Names as small numbers: each name has one number for as long as the list of names lives. */

/** Names in the order they were first heard of. Only grows; a number without a name is a mistake of the program. */
export class Names<Name extends string = string> {
  readonly #numbers = new Map<Name, number>();
  readonly #names: Name[] = [];

  get size(): number {
    return this.#names.length;
  }

  /** The number of a name, a new one where it has none. */
  numberOf(name: Name): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#names.push(name) - 1;
    this.#numbers.set(name, number);
    return number;
  }

  find(name: Name): number | undefined {
    return this.#numbers.get(name);
  }

  nameOf(number: number): Name {
    const name = this.#names[number];
    if (name === undefined) throw new Error(`there is no name with the number ${number}`);
    return name;
  }
}

/** Labels as small numbers: each key with each of its values has one. */
export class LabelNumbers {
  readonly #numbers = new Map<string, Map<string, number>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  numberOf(key: string, value: string): number {
    let values = this.#numbers.get(key);
    if (values === undefined) {
      values = new Map();
      this.#numbers.set(key, values);
    }
    let number = values.get(value);
    if (number === undefined) {
      number = this.#size;
      this.#size += 1;
      values.set(value, number);
    }
    return number;
  }

  find(key: string, value: string): number | undefined {
    return this.#numbers.get(key)?.get(value);
  }
}
