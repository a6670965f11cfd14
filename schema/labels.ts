/** Labels of devices and documents, by the rules of Kubernetes. */

/** Label keys and values. Read as a Map is, so that keys such as `constructor` or `__proto__` are keys like any other. */
export type Labels = ReadonlyMap<string, string>;

const NAME = /^[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const PREFIX_MAX_LENGTH = 253;

/** Why `key` is no label key, as a sentence, or null where it is one: `[prefix/]name`. */
export function labelKeyFault(key: string): string | null {
  const slash = key.indexOf("/");
  const name = slash < 0 ? key : key.slice(slash + 1);
  if (slash >= 0 && !isDnsSubdomain(key.slice(0, slash))) {
    return "the part of a label key before / is a DNS name such as example.com, at most 253 characters";
  }
  if (NAME.test(name)) return null;
  return "the name in a label key is 1 to 63 of letters, digits, -, _ and ., and begins and ends with a letter or digit";
}

/** Why `value` is no label value, as a sentence, or null where it is one. Empty is a value. */
export function labelValueFault(value: string): string | null {
  if (value === "" || NAME.test(value)) return null;
  return "a label value is empty or 1 to 63 of letters, digits, -, _ and ., and begins and ends with a letter or digit";
}

function isDnsSubdomain(text: string): boolean {
  return text.length <= PREFIX_MAX_LENGTH && text.split(".").every((part) => DNS_LABEL.test(part));
}
