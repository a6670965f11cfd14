/** Which names were touched since they were last taken: each once, though most are touched many times. */
export class TouchedNames<Name extends string> {
  /** By number, the name that was noted under it. A number may come to stand for another name. */
  #noted: (Name | undefined)[] = [];
  #names: Name[] = [];

  touch(number: number, name: Name): void {
    if (this.#noted[number] === name) return;
    this.#noted[number] = name;
    this.#names.push(name);
  }

  take(): Name[] {
    const taken = [...new Set(this.#names)];
    this.#noted = [];
    this.#names = [];
    return taken;
  }
}
