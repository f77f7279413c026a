// Parts of the program that could not be fetched: the server is away, or has a newer program.

const unfetched = new WeakSet<Error>();

/** Remember from now on which errors are of this kind; Vite tells of each. */
export function noteUnfetched(): void {
  window.addEventListener("vite:preloadError", ({ payload }) => unfetched.add(payload));
}

/** Tell whether *error* is a part of the program that could not be fetched. */
export function isUnfetched(error: Error): boolean {
  return unfetched.has(error);
}
