// What to type to do it again, as far as the run has said what it was made of.

import type { Run } from "../api/types";
import { fileName } from "../charts/exports/files";
import { gitOf } from "./facts";
import { quoted } from "./paramText";

/** Return the lines for a shell that get the code, its surroundings and the run again. */
export function commandsOf(run: Run): string[] {
  const git = gitOf(run);
  const { name } = run.summary;
  const inside = git.root && run.folder.startsWith(`${git.root}/`);
  const folder = inside ? run.folder.slice(git.root.length + 1) : "";
  const lines: string[] = [];
  if (git.remote && git.commit)
    lines.push(`git clone ${quoted(git.remote)} again`, "cd again", `git checkout ${git.commit}`);
  else if (run.folder) {
    lines.push(`cd ${quoted(git.commit && git.root ? git.root : run.folder)}`);
    if (git.commit) lines.push(`git checkout ${git.commit}`);
  }
  if (git.diff && git.cutFrom === null) lines.push(`git apply ${quoted(fileName(name, "patch"))}`);
  if (folder && git.commit) lines.push(`cd ${quoted(folder)}`);
  if (requirementsOf(run)) lines.push("pip install -r requirements.txt");
  if (run.command.length > 0) lines.push(commandOf(run));
  return lines;
}

/** Return the command that started the run, for a shell. */
function commandOf({ command }: Run): string {
  const line = command.map(quoted).join(" ");
  return /\.py$/.test(command[0] ?? "") ? `python ${line}` : line;
}

/** Return the packages of the run's interpreter, one in a line with its version; "" if unknown. */
export function requirementsOf(run: Run): string {
  return Object.entries(run.facts["environment"] ?? {})
    .filter(([, version]) => typeof version === "string" && version !== "")
    .map(([name, version]) => `${name}==${String(version)}\n`)
    .join("");
}
