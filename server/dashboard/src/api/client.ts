// Requests to the server that served this page; there is no other.

import { ask, get, inWords, parsed, post, ROOT } from "./ask";
import { decodeSeries, type Track } from "./columns";
import { decodeMeans, type Means } from "./means";
import type {
  Annotation,
  AnnotationList,
  Checkpoint,
  CheckpointList,
  ColumnQuery,
  Confusion,
  ConsoleMatches,
  ConsolePage,
  ConsolePlace,
  Curves,
  Dashboard,
  DashboardList,
  DashboardSave,
  DashboardVersions,
  ExtractList,
  FileList,
  FilePreview,
  GroupQuery,
  HistogramGrid,
  HistogramSeries,
  Importance,
  ImportanceQuery,
  KeyIndex,
  MeanQuery,
  MediaOverview,
  MediaPage,
  MediaRows,
  MetricNames,
  MetricPage,
  MomentList,
  NewAnnotations,
  NewDashboard,
  NewReportLink,
  Notice,
  ProjectList,
  ProjectRules,
  Provenance,
  ReportLinkList,
  RetentionPlan,
  RetentionQuery,
  RulesEdit,
  Run,
  RunColumns,
  RunEdit,
  RunFile,
  RunGroups,
  RunList,
  RunQuery,
  RunSummary,
  SeriesQuery,
  Server,
  ThinningPlan,
  VaryingIndex,
  Wall,
  WallSave,
} from "./types";

export { ApiError, isMissing } from "./ask";
export type { QueryProblem } from "./queryProblem";

/** Longer queries go into a body: some of their characters take three in an address. */
const ADDRESS_CHARS_MAX = 1500;

export function fetchServer(signal?: AbortSignal): Promise<Server> {
  return get("/server", signal);
}

export function fetchChanges(cursor: number, history: string): Promise<Notice> {
  return get(`/changes?cursor=${cursor}&history=${history}`);
}

export function fetchProjects(signal?: AbortSignal): Promise<ProjectList> {
  return get("/projects", signal);
}

/** A page of the project's runs for which the filter *q* holds, in the order *sort*. */
export function fetchRuns(
  project: string,
  { q, sort }: { q: string; sort: string },
  cursor: string | null,
  signal?: AbortSignal,
): Promise<RunList> {
  const query = new URLSearchParams({ project, limit: "200" });
  if (q) query.set("q", q);
  if (sort) query.set("sort", sort);
  if (cursor) query.set("cursor", cursor);
  if (q.length + sort.length > ADDRESS_CHARS_MAX) {
    const asked = { project, limit: 200, q, sort, cursor };
    return post("/query/runs", asked, signal).then(parsed<RunList>);
  }
  return get(`/runs?${query.toString()}`, signal);
}

/** The first of the runs that a query is about. */
export async function queryRuns(query: RunQuery, signal?: AbortSignal): Promise<RunList> {
  return parsed(await post("/query/runs", query, signal));
}

/** Runs in groups, each with what some numbers amount to over all its runs. */
export async function queryGroups(query: GroupQuery, signal?: AbortSignal): Promise<RunGroups> {
  const answer = await post("/query/groups", query, signal);
  return (await answer.json()) as RunGroups;
}

/** Keys that the runs of a project have, those that contain *match*. */
export function fetchKeys(
  project: string,
  match: string,
  limit: number,
  signal?: AbortSignal,
): Promise<KeyIndex> {
  const query = new URLSearchParams({ project, match, limit: String(limit) });
  return get(`/query/keys?${query.toString()}`, signal);
}

/** A version of a project's rules; of null the one that counts. */
export function fetchRules(
  project: string,
  version: number | null,
  signal?: AbortSignal,
): Promise<ProjectRules> {
  const query = new URLSearchParams({ project });
  if (version !== null) query.set("version", String(version));
  return get(`/rules?${query.toString()}`, signal);
}

/** What would be thinned today if a project's rules were changed so; nothing is. */
export async function previewRules(edit: RulesEdit, signal?: AbortSignal): Promise<ThinningPlan> {
  const answer = await post("/rules/preview", edit, signal);
  return (await answer.json()) as ThinningPlan;
}

export async function saveRules(edit: RulesEdit): Promise<ProjectRules> {
  const answer = await ask("/rules", {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(edit),
  });
  return (await answer.json()) as ProjectRules;
}

/** How people have arranged the charts of a project. */
export function fetchWall(project: string, signal?: AbortSignal): Promise<Wall> {
  return get(`/wall?${new URLSearchParams({ project }).toString()}`, signal);
}

/** Save the next version of it; 409 where the one that was changed is not the newest. */
export async function saveWall(wall: WallSave): Promise<Wall> {
  return parsed(
    await ask("/wall", {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(wall),
    }),
  );
}

/** Change what a person may change of a run; what is left out stays. */
export async function editRun(id: string, edit: RunEdit): Promise<RunSummary> {
  return parsed(
    await ask(`/runs/${id}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(edit),
    }),
  );
}

/** Lists leave the run out from now on; its records go in 30 days. */
export async function deleteRun(id: string): Promise<void> {
  await ask(`/runs/${id}`, { method: "DELETE" });
}

/** Take back that a run was deleted. */
export async function undeleteRun(id: string): Promise<void> {
  await ask(`/runs/${id}/restore`, { method: "POST" });
}

/** Let the server make its demo runs. */
export async function loadDemo(): Promise<void> {
  await ask("/demo", { method: "POST" });
}

/** Delete the demo runs, and nothing else. */
export async function removeDemo(): Promise<void> {
  await ask("/demo", { method: "DELETE" });
}

/** Everything about a run but its points, all its device series among it. */
export async function fetchRun(id: string, signal?: AbortSignal): Promise<Run> {
  const run: Run = await get(`/runs/${id}`, signal);
  for (let next = run.next_device; next !== null;) {
    const query = new URLSearchParams({ kind: "device", cursor: String(next) });
    const page: MetricPage = await get(`/runs/${id}/metrics?${query.toString()}`, signal);
    Object.assign(run.devices, page.metrics);
    next = page.next;
  }
  return run;
}

/** A page of what the run's metrics amount to, those whose names hold the words of *search*. */
export function fetchMetrics(
  id: string,
  search: string,
  cursor: number,
  signal?: AbortSignal,
): Promise<MetricPage> {
  const query = new URLSearchParams({ search, limit: "200", cursor: String(cursor) });
  return get(`/runs/${id}/metrics?${query.toString()}`, signal);
}

export function fetchMetricNames(id: string, signal?: AbortSignal): Promise<MetricNames> {
  return get(`/runs/${id}/metrics/names`, signal);
}

/** Lines `first` and following; the last ones where `first` is null. */
export function fetchConsole(
  id: string,
  first: number | null,
  limit: number,
  signal?: AbortSignal,
): Promise<ConsolePage> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (first !== null) query.set("first", String(first));
  return get(`/runs/${id}/console?${query.toString()}`, signal);
}

/** Lines of these numbers, at most 200, wherever they are. */
export function fetchConsoleLines(id: string, numbers: readonly number[]): Promise<ConsolePage> {
  return get(`/runs/${id}/console?numbers=${numbers.join(",")}`);
}

export interface ConsoleSearch {
  /** Empty: every line that the rest lets through. */
  text: string;
  /** The text is an expression, as Python writes it. */
  isRegex: boolean;
  /** Capitals are not small letters. */
  isCase: boolean;
  /** Lines of this channel, or those that name a warning or an error; null is all of them. */
  kind: ConsoleKind | null;
  /** Lines of the processes of this rank; null is all of them. */
  rank: number | null;
}

export const CONSOLE_KINDS = ["stdout", "stderr", "warning", "error"] as const;
export type ConsoleKind = (typeof CONSOLE_KINDS)[number];

/** The lines of one part of a console that hold what is searched for. */
export function searchConsole(
  id: string,
  { text, isRegex, isCase, kind, rank }: ConsoleSearch,
  part: number,
  signal?: AbortSignal,
): Promise<ConsoleMatches> {
  const query = new URLSearchParams({
    text,
    regex: String(isRegex),
    case: String(isCase),
    part: String(part),
  });
  if (kind !== null) query.set(kind.startsWith("std") ? "channel" : "level", kind);
  if (rank !== null) query.set("rank", String(rank));
  return get(`/runs/${id}/console/search?${query.toString()}`, signal);
}

/** The last line that was printed by a time. */
export function fetchConsolePlace(
  id: string,
  timeNs: number,
  signal?: AbortSignal,
): Promise<ConsolePlace> {
  return get(`/runs/${id}/console/place?time_ns=${Math.max(0, timeNs)}`, signal);
}

/** Where all that a run has printed is downloaded from. */
export function consoleTextUrl(id: string): string {
  return `${ROOT}/runs/${id}/console/text`;
}

/** What all histograms of a run amount to, in at most *columns* columns of steps. */
export function fetchHistogramGrid(
  id: string,
  columns: number,
  signal?: AbortSignal,
): Promise<HistogramGrid> {
  return get(`/runs/${id}/histograms?columns=${columns}`, signal);
}

export function fetchHistogram(
  id: string,
  name: string,
  columns: number,
  signal?: AbortSignal,
): Promise<HistogramSeries> {
  const query = new URLSearchParams({ name, columns: String(columns) });
  return get(`/runs/${id}/histogram?${query.toString()}`, signal);
}

export function fetchCheckpoints(id: string, signal?: AbortSignal): Promise<CheckpointList> {
  return get(`/runs/${id}/checkpoints`, signal);
}

export function fetchCheckpoint(
  id: string,
  checkpoint: string,
  signal?: AbortSignal,
): Promise<Checkpoint> {
  return get(`/runs/${id}/checkpoints/${checkpoint}`, signal);
}

/** What stays of stored checkpoints by some rules, and what would go; nothing is removed. */
export async function fetchRetention(
  rules: RetentionQuery,
  signal?: AbortSignal,
): Promise<RetentionPlan> {
  return parsed(await post("/checkpoints/retention", { ...rules, apply: false }, signal));
}

/** Let go of the bytes of one checkpoint, for good. */
export async function deleteCheckpoint(run: string, checkpoint: string): Promise<RetentionPlan> {
  const query: RetentionQuery = { runs: [run], only: [checkpoint], apply: true };
  return parsed(await post("/checkpoints/retention", query));
}

/** The files that a run recorded last. */
export function fetchFiles(id: string, signal?: AbortSignal): Promise<FileList> {
  return get(`/runs/${id}/files`, signal);
}

/** One of them, and what is in it if it is a folder. */
export function fetchFile(id: string, file: string, signal?: AbortSignal): Promise<RunFile> {
  return get(`/runs/${id}/files/${file}`, signal);
}

/** How a stored file begins; *path* is its own name, or where it is in a recorded folder. */
export function fetchFilePreview(
  id: string,
  file: string,
  path: string,
  signal?: AbortSignal,
): Promise<FilePreview> {
  return get(`/runs/${id}/files/${file}/preview/${escaped(path)}`, signal);
}

export function fileBytesUrl(id: string, file: string, path: string): string {
  return `${ROOT}/runs/${id}/files/${file}/bytes/${escaped(path)}`;
}

export function fileImageUrl(id: string, file: string, path: string): string {
  return `${ROOT}/runs/${id}/files/${file}/image/${escaped(path)}`;
}

/** The runs that wrote or read the same bytes. */
export function fetchProvenance(id: string, signal?: AbortSignal): Promise<Provenance> {
  return get(`/runs/${id}/provenance`, signal);
}

/** Where a stored file of a checkpoint is downloaded from. */
export function checkpointFileUrl(id: string, checkpoint: string, path: string): string {
  return `${ROOT}/runs/${id}/checkpoints/${checkpoint}/files/${escaped(path)}`;
}

/** Return the name of a file as an address has it. */
function escaped(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** Which media a run has, and the steps at which there are any. */
export function fetchMedia(id: string, signal?: AbortSignal): Promise<MediaOverview> {
  return get(`/runs/${id}/media`, signal);
}

/** What each name shows at *step*; at the last one where it is null. */
export function fetchShown(
  id: string,
  step: number | null,
  signal?: AbortSignal,
): Promise<MediaPage> {
  return get(`/runs/${id}/media/shown${step === null ? "" : `?step=${step}`}`, signal);
}

export function fetchTableRows(
  id: string,
  sha256: string,
  first: number,
  limit: number,
  signal?: AbortSignal,
): Promise<MediaRows> {
  return get(`/runs/${id}/media/tables/${sha256}?first=${first}&limit=${limit}`, signal);
}

export function fetchConfusion(
  id: string,
  sha256: string,
  signal?: AbortSignal,
): Promise<Confusion> {
  return get(`/runs/${id}/media/confusions/${sha256}`, signal);
}

export function fetchCurves(id: string, sha256: string, signal?: AbortSignal): Promise<Curves> {
  return get(`/runs/${id}/media/curves/${sha256}`, signal);
}

/** Where a file of a run's media is; its bytes never change. */
export function mediaUrl(id: string, sha256: string): string {
  return `${ROOT}/runs/${id}/media/files/${sha256}`;
}

export async function fetchText(id: string, sha256: string, signal?: AbortSignal): Promise<string> {
  const answer = await ask(`/runs/${id}/media/files/${sha256}`, signal ? { signal } : {});
  return answer.text();
}

export async function fetchTracks(query: SeriesQuery, signal?: AbortSignal): Promise<Track[]> {
  const answer = await post("/series", query, signal);
  const body = await answer.arrayBuffer().catch(inWords);
  try {
    return decodeSeries(body, query.smooth);
  } catch (error) {
    return inWords(error);
  }
}

/** Means of groups of runs; null where they are what `known` is the tag of. */
export async function fetchMeans(query: MeanQuery, signal?: AbortSignal): Promise<Means | null> {
  const answer = await post("/means", query, signal);
  if (answer.status === 204) return null;
  const body = await answer.arrayBuffer().catch(inWords);
  try {
    return decodeMeans(body, query.smooth);
  } catch (error) {
    return inWords(error);
  }
}

/** Checkpoints, alerts, restarts and annotations of up to 200 runs. */
export async function fetchMoments(
  runs: readonly string[],
  signal?: AbortSignal,
): Promise<MomentList> {
  return parsed(await post("/moments", { runs }, signal));
}

/** Write one text at a place of each of some runs: at all of them, or at none. */
export async function annotate(written: NewAnnotations): Promise<AnnotationList> {
  return parsed(await post("/annotations", written));
}

/** Change what an annotation says; one that was removed is back. */
export async function rewriteAnnotation(
  run: string,
  id: string,
  text: string,
  author: string,
): Promise<Annotation> {
  return parsed(
    await ask(`/runs/${run}/annotations/${id}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text, author }),
    }),
  );
}

export async function removeAnnotation(
  run: string,
  id: string,
  author: string,
): Promise<Annotation> {
  const query = new URLSearchParams({ author });
  return parsed(
    await ask(`/runs/${run}/annotations/${id}?${query.toString()}`, { method: "DELETE" }),
  );
}

/** Points of one series at about *samples* steps of it, with their times. */
export async function fetchSamples(
  id: string,
  name: string,
  samples: number,
  signal?: AbortSignal,
): Promise<ExtractList> {
  return parsed(await post("/history", { runs: [id], names: [name], samples }, signal));
}

/** The parameters that are not the same in all runs for which *q* holds. */
export function fetchVarying(
  project: string,
  q: string,
  signal?: AbortSignal,
): Promise<VaryingIndex> {
  const query = new URLSearchParams({ project, q, limit: "300" });
  return get(`/query/varying?${query.toString()}`, signal);
}

/** A few values of many runs. */
export async function fetchColumns(query: ColumnQuery, signal?: AbortSignal): Promise<RunColumns> {
  return parsed(await post("/query/columns", query, signal));
}

/** Which parameters matter for a result; takes the server seconds. */
export async function fetchImportance(
  query: ImportanceQuery,
  signal?: AbortSignal,
): Promise<Importance> {
  return parsed(await post("/query/importance", query, signal));
}

export function fetchDashboards(
  project: string,
  isDeleted: boolean,
  signal?: AbortSignal,
): Promise<DashboardList> {
  const query = new URLSearchParams({ project, deleted: String(isDeleted) });
  return get(`/dashboards?${query.toString()}`, signal);
}

/** A version of a dashboard or report, the newest where *version* is null. */
export function fetchDashboard(
  id: string,
  version: number | null,
  signal?: AbortSignal,
): Promise<Dashboard> {
  return get(`/dashboards/${id}${version === null ? "" : `?version=${version}`}`, signal);
}

export function fetchDashboardVersions(
  id: string,
  signal?: AbortSignal,
): Promise<DashboardVersions> {
  return get(`/dashboards/${id}/versions`, signal);
}

export async function createDashboard(made: NewDashboard): Promise<Dashboard> {
  return parsed(await post("/dashboards", made));
}

/** Save the next version; status 409 where somebody saved one since the version that it names. */
export async function saveDashboard(id: string, save: DashboardSave): Promise<Dashboard> {
  return parsed(
    await ask(`/dashboards/${id}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(save),
    }),
  );
}

/** Leave a dashboard out of lists, or put it back into them. */
export async function deleteDashboard(id: string, isBack = false): Promise<void> {
  if (isBack) await ask(`/dashboards/${id}/restore`, { method: "POST" });
  else await ask(`/dashboards/${id}`, { method: "DELETE" });
}

export function fetchReportLinks(report: string, signal?: AbortSignal): Promise<ReportLinkList> {
  return get(`/dashboards/${report}/links`, signal);
}

/** A report as readers of a link get it: one HTML document. */
export interface ReportPage {
  html: string;
  version: number;
  author: string;
}

/** Make a link that shows *page*; its address is told this once. */
export async function makeReportLink(report: string, page: ReportPage): Promise<NewReportLink> {
  const answer = await sendPage("POST", `/dashboards/${report}/links`, page);
  return (await answer.json()) as NewReportLink;
}

/** Let a link show *page* from now on. */
export async function renewReportLink(
  report: string,
  link: string,
  page: ReportPage,
): Promise<void> {
  await sendPage("PUT", `/dashboards/${report}/links/${link}`, page);
}

function sendPage(method: "POST" | "PUT", path: string, page: ReportPage): Promise<Response> {
  const { html, version, author } = page;
  const query = new URLSearchParams({ version: String(version), author });
  const headers = { "content-type": "text/html; charset=utf-8" };
  return ask(`${path}?${query.toString()}`, { method, headers, body: html });
}

export async function endReportLink(report: string, link: string): Promise<void> {
  await ask(`/dashboards/${report}/links/${link}`, { method: "DELETE" });
}

/** Exchange a token for this browser's session cookie. */
export async function signIn(token: string): Promise<void> {
  await post("/session", { token });
}
