// Which metrics matter first: nobody opens a dashboard to see "grad_norm/block0".

import type { RunSummary } from "../api/types";

const VALIDATION = /^(val|valid|validation|eval|test)([/_]|$)/;
const SECTIONS: readonly RegExp[] = [
  VALIDATION,
  /^train$/,
  /^$/, // metrics without a prefix
  /^(?!perf|time|optim|lr|grad|param|weight|sys)/, // what nobody has thought of yet
  /^(perf|time)/,
  /^(optim|lr)/,
  /^(grad|param|weight)/,
];

/** Return the first part of a metric's name, "" where it has one part. */
export function sectionOf(name: string): string {
  const slash = name.indexOf("/");
  if (slash > 0) return name.slice(0, slash);
  return VALIDATION.test(name) ? "val" : "";
}

/** Return a metric's name without its section. */
export function shortName(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

const LESS_IS_BETTER =
  /loss|error|perplexity|(?:^|[^a-z0-9])(?:err|ppl|mae|mse|rmse|nll|wer|cer|fid)(?:$|[^a-z])/;
// Whole words, the same that `.best` of the server goes by, see query/keys.py.
const MORE_IS_BETTER = new RegExp(
  "(?:^|[^a-z0-9])(?:acc|accuracy|top\\d*|auc|auroc|auprc|f1|fbeta|precision|recall|sensitivity|" +
    "specificity|ap|map\\d*|miou|iou|dice|jaccard|bleu|rouge\\w*|meteor|psnr|ssim|r2|score|reward|" +
    "return|returns|success|win|kappa|mcc|correlation|throughput|per_second)(?:$|[^a-z])",
);

/** The metric that a project names for how its runs went, and what of it is better; null: its name says. */
export interface Headline {
  name: string;
  better: "min" | "max" | null;
}

/**
 * Return whether a metric is better the less or the more it is: as the project says of its *own*
 * headline, else by its name; null if nobody knows.
 */
export function directionOf(name: string, own: Headline | null = null): "min" | "max" | null {
  if (own?.name === name && own.better) return own.better;
  const last = name.slice(name.lastIndexOf("/") + 1).toLowerCase();
  if (LESS_IS_BETTER.test(last)) return "min";
  return MORE_IS_BETTER.test(last) ? "max" : null;
}

const RARE_SHARE = 0.3;
const order = new Intl.Collator("en", { numeric: true });

export interface Section {
  name: string;
  metrics: string[];
}

/** Return the metrics in sections: validation, training, …, gradients last; losses first in each. */
export function sectionsOf(names: readonly string[]): Section[] {
  const sections = new Map<string, string[]>();
  for (const name of names) {
    const section = sectionOf(name);
    const members = sections.get(section);
    if (members) members.push(name);
    else sections.set(section, [name]);
  }
  return [...sections]
    .map(([name, metrics]) => ({ name, rank: sectionRank(name), metrics: byImportance(metrics) }))
    .sort((a, b) => a.rank - b.rank || order.compare(a.name, b.name))
    .map(({ name, metrics }) => ({ name, metrics }));
}

/** Fewer numbered siblings than this are lines. */
const FAMILY_MIN = 6;

/** Metrics that differ by what comes with a number: the layers of a network. */
export interface Family {
  stem: string; // what their names have in common, up to the number
  metrics: string[]; // by their numbers
}

/** Return the families among *names*, and the names that are of none, in their order. */
export function familiesOf(names: readonly string[]): { families: Family[]; others: string[] } {
  const byStem = new Map<string, string[]>();
  for (const name of names) {
    const stem = /^\D*(?=\d)/.exec(name)?.[0];
    if (stem === undefined) continue;
    const members = byStem.get(stem);
    if (members) members.push(name);
    else byStem.set(stem, [name]);
  }
  const families = [...byStem]
    .filter(([, metrics]) => metrics.length >= FAMILY_MIN)
    .map(([stem, metrics]) => ({ stem, metrics: metrics.sort(order.compare) }));
  const taken = new Set(families.flatMap(({ metrics }) => metrics));
  return { families, others: names.filter((name) => !taken.has(name)) };
}

/** Return of each metric of the validation, which of *names* is the same of the training. */
export function twinsOf(names: readonly string[]): Map<string, string> {
  const known = new Set(names);
  return new Map(
    names.flatMap((name) => {
      const [, , mark = "", rest = ""] = /^(val|valid|validation|eval)([/_])(.+)$/.exec(name) ?? [];
      // Keras calls the loss of the training just "loss".
      const twin = [`train${mark}${rest}`, rest].find((one) => one !== "" && known.has(one));
      return twin === undefined ? [] : [[name, twin] as const];
    }),
  );
}

function sectionRank(section: string): number {
  const rank = SECTIONS.findIndex((pattern) => pattern.test(section));
  return rank < 0 ? SECTIONS.length : rank;
}

/**
 * Return the metrics that tell how runs went, the most telling first; at most *limit*. The project's
 * *own* headline is the first where any of the runs has it.
 */
export function headlines(
  runs: readonly RunSummary[],
  limit: number,
  own: Headline | null = null,
): string[] {
  const users = new Map<string, number>();
  for (const run of runs) {
    for (const [name, metric] of Object.entries(run.metrics)) {
      if (metric.on_time_axis) continue;
      users.set(name, (users.get(name) ?? 0) + 1);
    }
  }
  // What a few runs alone have does not compare the others.
  const isRare = (name: string) => Number(users.get(name)! < runs.length * RARE_SHARE);
  const isOther = (name: string) => Number(name !== own?.name);
  return byImportance([...users.keys()])
    .sort((a, b) => isOther(a) - isOther(b) || isRare(a) - isRare(b))
    .slice(0, limit);
}

/** Return *names*, the most telling first. */
function byImportance(names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, rank: importance(name) }))
    .sort((a, b) => a.rank - b.rank || order.compare(a.name, b.name))
    .map(({ name }) => name);
}

function importance(name: string): number {
  const section = sectionRank(sectionOf(name));
  const last = shortName(name).replace(/^(val|valid|eval|test)_/, "");
  const kind =
    last === "loss" ? 0 : last.includes("loss") ? 1 : /acc|auc|f1|score|bleu/.test(last) ? 2 : 4;
  return kind * 10 + section + (kind === 4 ? section * 10 : 0);
}
