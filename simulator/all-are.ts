/** Whether all of many are so, asked again and again until they are. */

/**
 * Says whether `isSo` holds for each of them. It begins with the one for which it did not hold the last time: most often it
 * still does not, and the others need not be asked.
 */
export function allAre<T>(items: readonly T[], isSo: (item: T) => boolean): () => boolean {
  let notSo = 0;
  return () => {
    for (let count = 0; count < items.length; count += 1, notSo = (notSo + 1) % items.length) {
      if (!isSo(items[notSo]!)) return false;
    }
    return true;
  };
}
