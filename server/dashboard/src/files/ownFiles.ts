// What mltrack records of every run by itself, as files that a person can take away.

import { consoleTextUrl } from "../api/client";
import type { Run } from "../api/types";
import { gitOf } from "../run/facts";
import type { OwnFile } from "./tree";

/** Return the files; *lines* are those of the console. */
export function ownFilesOf(run: Run, lines: number): OwnFile[] {
  const { diff } = gitOf(run);
  const { id, params } = run.summary;
  const packages = packagesOf(run);
  const found: OwnFile[] = [];
  if (lines > 0) found.push({ name: "console.txt", url: consoleTextUrl(id) });
  if (diff) found.push({ name: "uncommitted.patch", text: diff });
  if (packages) found.push({ name: "requirements.txt", text: packages });
  if (Object.keys(params).length > 0)
    found.push({ name: "params.json", text: `${JSON.stringify(params, null, 2)}\n` });
  return found;
}

/** Return the installed packages as pip reads them; "" where none are known. */
export function packagesOf(run: Run): string {
  return Object.entries(run.facts["environment"] ?? {})
    .filter(([, version]) => typeof version === "string" && /^[\w.!+-]+$/.test(version))
    .map(([name, version]) => `${name}==${String(version)}\n`)
    .sort()
    .join("");
}
