// What git calls a patch, file by file.

export type LineKind = "hunk" | "added" | "removed" | "same" | "note";

export interface PatchLine {
  kind: LineKind;
  /** Without the sign before it. */
  text: string;
}

export interface FilePatch {
  path: string;
  /** Its name before, where it was another one. */
  from: string | null;
  change: "changed" | "added" | "deleted" | "renamed";
  isBinary: boolean;
  added: number;
  removed: number;
  lines: PatchLine[];
}

const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/** Return the files that *text* changes. What is no patch is one file without a name. */
export function parsePatch(text: string): FilePatch[] {
  const files: FilePatch[] = [];
  let file: FilePatch | null = null;
  // How many lines of the hunk are still to come: inside of one, "--- x" is a removed "-- x".
  let [before, after] = [0, 0];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const line of lines) {
    const isInside = before > 0 || after > 0;
    if (!isInside && line.startsWith("diff --git ")) {
      files.push((file = fileOf(line)));
      continue;
    }
    if (!file) files.push((file = fileOf("")));
    const hunk = isInside ? null : HUNK.exec(line);
    if (hunk) {
      [before, after] = [Number(hunk[1] ?? 1), Number(hunk[2] ?? 1)];
      file.lines.push({ kind: "hunk", text: line });
    } else if (!isInside && file.path !== "" && !line.startsWith("\\")) readHead(file, line);
    else {
      const kind = kindOf(line);
      file.lines.push({ kind, text: kind === "note" ? line : line.slice(1) });
      if (kind === "added") file.added += 1;
      if (kind === "removed") file.removed += 1;
      if (kind === "added" || kind === "same") after -= 1;
      if (kind === "removed" || kind === "same") before -= 1;
    }
  }
  return files;
}

function kindOf(line: string): LineKind {
  if (line.startsWith("+")) return "added";
  if (line.startsWith("-")) return "removed";
  // A blank line is one whose blank in front an editor has taken away.
  return line.startsWith(" ") || line === "" ? "same" : "note";
}

function fileOf(head: string): FilePatch {
  return {
    path: nameIn(/ ("?b\/.*)$/.exec(head)?.[1] ?? ""),
    from: null,
    change: "changed",
    isBinary: false,
    added: 0,
    removed: 0,
    lines: [],
  };
}

/** Read a line between "diff --git" and the first hunk. */
function readHead(file: FilePatch, line: string): void {
  if (line.startsWith("new file")) file.change = "added";
  else if (line.startsWith("deleted file")) file.change = "deleted";
  else if (line.startsWith("rename from ")) {
    file.change = "renamed";
    file.from = nameIn(line.slice("rename from ".length), 0);
  } else if (line.startsWith("rename to ")) file.path = nameIn(line.slice("rename to ".length), 0);
  // These say it without doubt, where a name has " b/" in it.
  else if (line.startsWith("+++ ") && !line.startsWith("+++ /dev/null"))
    file.path = nameIn(line.slice(4));
  else if (line.startsWith("--- ") && file.change === "deleted") file.path = nameIn(line.slice(4));
  else if (line.startsWith("Binary files ") || line.startsWith("GIT binary patch"))
    file.isBinary = true;
}

/** Return a name without "a/" or "b/"; git quotes those with other characters than ASCII. */
function nameIn(text: string, prefix = 2): string {
  const name = text.replace(/\t.*$/, "");
  if (!name.startsWith('"')) return name.slice(prefix);
  const bytes: number[] = [];
  const escapes: Record<string, string> = { n: "\n", t: "\t" };
  for (const [, octal, escaped, plain] of name.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|(.)/gu)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else bytes.push(...new TextEncoder().encode(plain ?? escapes[escaped!] ?? escaped));
  }
  return new TextDecoder().decode(new Uint8Array(bytes)).slice(prefix);
}

/** Return how many lines a patch adds and removes. */
export function countsOf(files: readonly FilePatch[]): { added: number; removed: number } {
  return {
    added: files.reduce((sum, file) => sum + file.added, 0),
    removed: files.reduce((sum, file) => sum + file.removed, 0),
  };
}
