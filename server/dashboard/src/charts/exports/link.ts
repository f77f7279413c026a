// A link to one chart as it is seen, whoever opens it and whenever.

export interface Seen {
  /** The project whose workspace shows the chart; null where the page's own address does. */
  project: string | null;
  name: string;
  isLog: boolean;
  isFull: boolean;
  /** How the address names the runs that are drawn; null: whichever the page draws. */
  runs: readonly string[] | null;
}

/** Return the path and query that reproduce a chart of the page at *path* with *query*. */
export function linkTo(path: string, query: string, seen: Seen): string {
  const params = new URLSearchParams(query);
  const set = (key: string, value: string) => (value ? params.set(key, value) : params.delete(key));
  set("m", `/^${escapeExpression(seen.name)}$/`);
  set("y", seen.isLog ? "log" : "");
  set("o", seen.isFull ? "full" : "");
  if (seen.project === null || !(path === "/" || path.startsWith("/p/")))
    return `${path}?${params.toString()}`;
  if (seen.runs !== null && !path.endsWith("/compare")) {
    // The newest and the best are others tomorrow: these runs, and no others.
    set("d", "chosen");
    set("e", seen.runs.join(","));
    for (const key of ["h", "p", "only"]) params.delete(key);
  }
  const home = path === "/" ? `/p/${encodeURIComponent(seen.project)}` : path;
  return `${home}?${params.toString()}`;
}

function escapeExpression(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
