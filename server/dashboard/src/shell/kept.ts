// What this browser keeps of a person's choices. It may forbid that, or its room may be full: then
// they last as long as the page, and nothing fails.

const unkept = new Map<string, string>();

export const kept = {
  get(key: string): string | null {
    try {
      return unkept.get(key) ?? localStorage.getItem(key);
    } catch {
      return null;
    }
  },

  set(key: string, text: string): void {
    try {
      localStorage.setItem(key, text);
      unkept.delete(key);
    } catch {
      unkept.set(key, text);
    }
  },

  remove(key: string): void {
    unkept.delete(key);
    try {
      localStorage.removeItem(key);
    } catch {
      // Nothing is kept.
    }
  },
};
