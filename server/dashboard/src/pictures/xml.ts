// Texts and numbers as SVG has them.

const ESCAPED: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** Return *text* as XML has it; characters that XML cannot have are left out. */
export function escaped(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex -- they are what must go
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
      .replace(/[&<>"]/g, (one) => ESCAPED[one]!)
  );
}

/** Return a number of pixels no finer than anybody sees, which keeps files small. */
export function round(value: number): number {
  return Number(value.toFixed(2));
}
