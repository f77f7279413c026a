// The API's resources. Written by scripts/api_types.py from server/mltrack_server/resources/:
// change that file and run the script.

export type NonFinite = "NaN" | "Infinity" | "-Infinity";
/** JSON has no NaN and no infinity, and both are values here. `toNumber` reads it. */
export type ApiNumber = number | NonFinite;
export type ParamScalar = null | boolean | number | string;
export type ParamValue = ParamScalar | ParamScalar[];
export type RunState = RunSummary["state"];
export type XAxis = NonNullable<SeriesQuery["x"]>;

export interface ColumnQuery {
  project?: string | null;
  q?: string;
  keys: string;
  limit?: number;
}

export interface Importance {
  of: string;
  verdict: "always_the_same" | "known" | "nothing_varies" | "too_few_runs";
  detail: string;
  runs: number;
  used: number;
  left_out: number;
  runs_min: number;
  explained: number | null;
  parameters: ParameterImportance[];
  has_more: boolean;
}

export interface ImportanceQuery {
  project?: string | null;
  q?: string;
  of: string;
  keys?: string;
}

export interface ParameterImportance {
  key: string;
  importance: number;
  low: number;
  high: number;
  correlation: number | null;
  distinct: number;
  runs: number;
}

export interface RunColumn {
  key: string;
  values: ParamValue[];
  nonfinite: number[];
}

export interface RunColumns {
  ids: string[];
  names: string[];
  columns: RunColumn[];
  total: number;
  rev: number;
  unknown: UnknownKey[];
}

export interface VaryingIndex {
  keys: VaryingKey[];
  runs: number;
  has_more: boolean;
}

export interface VaryingKey {
  key: string;
  distinct: number;
  runs: number;
  is_number: boolean;
}

export interface Annotation {
  id: string;
  step: number | null;
  time_ns: number | null;
  text: string;
  author: string;
  version: number;
  saved_ns: number;
}

export interface AnnotationEdit {
  text: string;
  author?: string;
}

export interface AnnotationList {
  annotations: Annotation[];
}

export interface AnnotationPlace {
  run: string;
  step?: number | null;
  time_ns?: number | null;
}

export interface AnnotationRemoval {
  author?: string;
}

export interface AnnotationVersion {
  version: number;
  text: string;
  author: string;
  saved_ns: number;
  is_removed: boolean;
}

export interface AnnotationVersions {
  versions: AnnotationVersion[];
}

export interface NewAnnotations {
  places: AnnotationPlace[];
  text: string;
  author?: string;
}

export interface Checkpoint {
  summary: CheckpointSummary;
  files: CheckpointFile[];
}

export interface CheckpointFile {
  path: string;
  bytes: number;
  modified_ns: number;
  sha256: string;
  is_stored: boolean;
}

export interface CheckpointList {
  checkpoints: CheckpointSummary[];
  rev: number;
}

export interface CheckpointSummary {
  id: string;
  time_ns: number;
  step: number;
  axes: Record<string, number>;
  attempt: number;
  rank: number;
  roles: ("backup" | "best" | "final" | "last" | "periodic")[];
  holds: ("backup" | "best" | "final" | "last" | "periodic")[];
  path: string;
  is_folder: boolean;
  writer: string;
  metrics: Record<string, ApiNumber>;
  monitor: string;
  mode: "" | "max" | "min";
  files: number;
  bytes: number;
  kept: string;
  reason: string;
  status: "hashed" | "missing" | "recorded" | "removed" | "stored" | "waiting";
  problem: string;
  gone: "" | "deleted" | "overwritten";
  gone_ns: number | null;
}

export interface RetentionItem {
  run: string;
  checkpoint: string;
  step: number;
  bytes: number;
  kept_by: ("best" | "every" | "last" | "registered")[];
}

export interface RetentionPlan {
  items: RetentionItem[];
  bytes_freed: number;
  bytes_later: number;
  is_applied: boolean;
}

export interface RetentionQuery {
  runs?: string[] | null;
  project?: string | null;
  keep_best?: number | null;
  keep_last?: number | null;
  every?: number | null;
  only?: string[] | null;
  apply?: boolean;
}

export interface Comment {
  id: string;
  text: string;
  author: string;
  made_ns: number;
  removed_ns: number | null;
}

export interface CommentRemoval {
  author?: string;
}

export interface CommentThread {
  block: string;
  comments: Comment[];
  is_resolved: boolean;
  marked_by: string;
  marked_ns: number | null;
}

export interface CommentThreads {
  threads: CommentThread[];
}

export interface NewComment {
  block: string;
  text: string;
  author?: string;
}

export interface ThreadMark {
  is_resolved: boolean;
  author?: string;
}

export interface ConsoleLine {
  number: number;
  time_ns: number;
  channel: "stderr" | "stdout";
  rank: number;
  text: string;
  partial: boolean;
}

export interface ConsoleMatches {
  numbers: number[];
  starts: number[];
  ends: number[];
  searched: number;
  total: number;
  next: number;
  is_end: boolean;
}

export interface ConsolePage {
  lines: ConsoleLine[];
  total: number;
}

export interface ConsolePlace {
  number: number | null;
}

export interface CheckpointsPanel {
  type: "checkpoints";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  run: string;
}

export interface ComparePanel {
  type: "compare";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  summary: "best" | "last" | "max" | "min";
  baseline: string;
  is_all: boolean;
}

export interface ConsolePanel {
  type: "console";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  run: string;
  search: string;
  is_regex: boolean;
  is_case: boolean;
}

export interface Dashboard {
  summary: DashboardSummary;
  version: number;
  document: DashboardDocument;
}

export interface DashboardDocument {
  version: 1;
  filter: string;
  frozen: Frozen | null;
  drawn_max?: number;
  tabs: DashboardTab[];
}

export interface DashboardList {
  dashboards: DashboardSummary[];
}

export interface DashboardQuery {
  project: string;
  deleted?: boolean;
}

export interface DashboardSave {
  version: number;
  name: string;
  owner: string;
  author: string;
  document: DashboardDocument;
}

export interface DashboardSummary {
  id: string;
  project: string;
  kind: "dashboard" | "report";
  name: string;
  owner: string;
  author: string;
  version: number;
  created_ns: number;
  saved_ns: number;
  deleted_ns: number | null;
  panels: number;
}

export interface DashboardTab {
  id: string;
  title: string;
  panels: (CheckpointsPanel | ComparePanel | ConsolePanel | DevicesPanel | FlowPanel | HistogramsPanel | ImportancePanel | LinesPanel | MediaPanel | ParallelPanel | ScatterPanel | TablePanel | TextPanel)[];
}

export interface DashboardVersion {
  version: number;
  name: string;
  author: string;
  saved_ns: number;
}

export interface DashboardVersions {
  versions: DashboardVersion[];
}

export interface DevicesPanel {
  type: "devices";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  run: string;
}

export interface FlowPanel {
  type: "flow";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  run: string;
  flow: "gradient" | "ratio" | "weight";
}

export interface Frozen {
  dashboard: string;
  version: number;
  at_ns: number;
  runs: string[];
}

export interface HistogramsPanel {
  type: "histograms";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  run: string;
  name: string;
  view: "bands" | "layers" | "ridges" | "step";
}

export interface ImportancePanel {
  type: "importance";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  of: string;
}

export interface LinesPanel {
  type: "lines";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  metric: string;
  more?: string[];
  axis: string;
  smoothing: number;
  smoothing_kind?: "gauss" | "mean" | "twema";
  by?: string[] | null;
  spread?: "range" | "sd" | "sem";
  is_log: boolean;
  is_full: boolean;
  window?: number[] | null;
}

export interface MediaPanel {
  type: "media";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  run: string;
  name: string;
}

export interface NewDashboard {
  project: string;
  name: string;
  owner: string;
  author: string;
  document: DashboardDocument;
}

export interface ParallelPanel {
  type: "parallel";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  axes: string[];
  colour: string;
}

export interface ScatterPanel {
  type: "scatter";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  across: string;
  up: string;
  colour: string;
}

export interface TablePanel {
  type: "table";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  columns: string[];
  sort: string;
}

export interface TextPanel {
  type: "text";
  id: string;
  title: string;
  filter: string;
  x: number;
  y: number;
  width: number;
  height: number;
  text: string;
}

export interface Deletion {
  id: string;
  project: string;
  name: string;
  deleted_ns: number;
  purge_ns: number;
  purged_ns: number | null;
  records: number;
  registered: string[];
}

export interface DeletionList {
  deletions: Deletion[];
}

export interface DemoRuns {
  project: string;
  runs: string[];
}

export interface Created {
  id: string;
  url: string;
}

export interface Finish {
  state?: "failed" | "finished" | "interrupted" | "killed";
  reason?: string;
}

export interface NewPoints {
  values: Record<string, ApiNumber>;
  step?: number | null;
  time_ns?: number | null;
}

export interface NewRun {
  project?: string;
  name?: string;
  params?: Record<string, ParamValue>;
  tags?: string[];
  group?: string;
}

export interface Stored {
  next_seq: number;
}

export interface ExtractHeader {
  parts: ExtractPart[];
  columns: Record<string, ColumnRef>;
  exact_ints: Record<string, number>;
  next: ExtractPosition | null;
}

export interface ExtractList {
  series: ExtractSeries[];
  next: ExtractPosition | null;
}

export interface ExtractPart {
  run: string;
  name: string;
  count: number;
  is_thinned: boolean;
}

export interface ExtractPosition {
  run: number;
  name: number;
  start?: number | null;
  skip?: number;
}

export interface ExtractQuery {
  runs: string[];
  names: string[];
  start?: number | null;
  end?: number | null;
  samples?: number | null;
  limit?: number;
  resume?: ExtractPosition | null;
}

export interface ExtractSeries {
  run: string;
  name: string;
  step: number[];
  time_ns: number[];
  value: ApiNumber[];
  is_superseded: boolean[];
  min: ApiNumber[];
  max: ApiNumber[];
  mean: ApiNumber[];
  count: number[];
  nonfinite: number[];
  is_thinned: boolean;
}

export interface FileLink {
  file: string;
  use: "input" | "output";
  other_run: string;
  other_run_name: string;
  other_project: string;
  other: string;
  other_use: "input" | "output";
  other_name: string;
  is_checkpoint: boolean;
  same: number;
  time_ns: number;
}

export interface FileList {
  files: FileSummary[];
  first: number;
  total: number;
  rev: number;
}

export interface FilePreview {
  kind: "image" | "json" | "none" | "table" | "text";
  bytes: number;
  is_whole: boolean;
  text: string;
  columns: string[];
  rows: string[][];
}

export interface FileSummary {
  id: string;
  name: string;
  use: "input" | "output";
  kind: string;
  time_ns: number;
  step: number | null;
  attempt: number;
  rank: number;
  path: string;
  is_folder: boolean;
  files: number;
  bytes: number | null;
  modified_ns: number | null;
  sha256: string;
  kept: string;
  reason: string;
  status: "elsewhere" | "hashed" | "missing" | "recorded" | "removed" | "stored" | "waiting";
  problem: string;
}

export interface Provenance {
  links: FileLink[];
  is_cut: boolean;
}

export interface RunFile {
  summary: FileSummary;
  files: CheckpointFile[];
}

export interface Histogram {
  low: number[];
  high: number[];
  count: number[];
  nans: number;
  negative_infinities: number;
  positive_infinities: number;
}

export interface HistogramColumn {
  first_step: number;
  last_step: number;
  time_ns: number;
  records: number;
}

export interface HistogramGrid {
  columns: HistogramColumn[];
  rows: HistogramRow[];
  names: number;
  is_thinned: boolean;
}

export interface HistogramPage {
  records: HistogramRecord[];
  next: string | null;
}

export interface HistogramRecord {
  step: number;
  time_ns: number;
  is_superseded: boolean;
  values: Record<string, Histogram>;
}

export interface HistogramRow {
  name: string;
  magnitude: (number | null)[];
  zeros: (number | null)[];
  nonfinite: number[];
}

export interface HistogramSeries {
  name: string;
  scale: "edges" | "exponent";
  columns: HistogramColumn[];
  histograms: Histogram[];
  is_thinned: boolean;
}

export interface MeanBlock {
  name: string;
  is_exact: boolean;
  x: ColumnRef;
  low: number | null;
  width: number | null;
  series: MeanColumns[];
}

export interface MeanColumns {
  group: number;
  having: number;
  count: number;
  nonfinite: number;
  columns: Record<string, ColumnRef>;
  is_thinned: boolean;
}

export interface MeanGroup {
  values: ParamValue[];
  q: string;
  runs: number;
}

export interface MeanHeader {
  groups: MeanGroup[];
  total: number;
  runs: number;
  blocks: MeanBlock[];
  rev: number;
  tag: string;
}

export interface MeanQuery {
  project?: string | null;
  q?: string;
  by?: string;
  limit?: number;
  sets?: string[][] | null;
  names: string[];
  x?: "metric" | "relative" | "step" | "time";
  over?: string;
  start?: number | null;
  end?: number | null;
  buckets?: number;
  smooth?: string | null;
  known?: string | null;
}

export interface Confusion {
  labels: string[];
  columns: number[][];
  counts: number[][];
}

export interface Curve {
  label: string;
  positives: number;
  negatives: number;
  area: ApiNumber | null;
  true: number[];
  false: number[];
  thresholds: ApiNumber[];
}

export interface Curves {
  curves: Curve[];
}

export interface MediaBox {
  left: number;
  top: number;
  right: number;
  bottom: number;
  label: string;
  score: ApiNumber | null;
  group: string;
}

export interface MediaFile {
  type: string;
  bytes: number;
  sha256: string;
  is_here: boolean;
}

export interface MediaItem {
  kind: "audio" | "confusion" | "image" | "pr" | "roc" | "table" | "text";
  file: MediaFile;
  caption: string;
  width: number;
  height: number;
  seconds: number;
  boxes: MediaBox[];
  masks: MediaMask[];
}

export interface MediaKey {
  name: string;
  kinds: ("audio" | "confusion" | "image" | "pr" | "roc" | "table" | "text")[];
  records: number;
  items: number;
  first_step: number;
  last_step: number;
}

export interface MediaMask {
  name: string;
  file: MediaFile;
  labels: Record<string, string>;
}

export interface MediaOverview {
  keys: MediaKey[];
  steps: number[];
  is_thinned: boolean;
}

export interface MediaPage {
  records: MediaRecord[];
  next: number | null;
}

export interface MediaRecord {
  name: string;
  step: number;
  time_ns: number;
  items: MediaItem[];
}

export interface MediaRows {
  columns: string[];
  rows: ((boolean | number | string | null)[])[];
  first: number;
  total: number;
}

export interface MetricNameQuery {
  search?: string;
  limit?: number;
}

export interface MetricNames {
  names: string[];
  has_more: boolean;
}

export interface MetricPage {
  metrics: Record<string, MetricSummary>;
  total: number;
  next: number | null;
}

export interface MetricQuery {
  kind?: "device" | "metric";
  search?: string;
  misnamed?: boolean;
  limit?: number;
  cursor?: number;
}

export interface AliasMove {
  version: number | null;
  expected?: number | null;
  author?: string;
  why?: string;
}

export interface CardSave {
  version: number;
  text: string;
  author?: string;
}

export interface Model {
  summary: ModelSummary;
  card: ModelCard;
  versions: ModelVersion[];
  moves: ModelMove[];
  namings: ModelNaming[];
}

export interface ModelAlias {
  alias: string;
  version: number;
  author: string;
  moved_ns: number;
}

export interface ModelCard {
  version: number;
  text: string;
  author: string;
  saved_ns: number | null;
}

export interface ModelCardVersion {
  version: number;
  author: string;
  saved_ns: number;
}

export interface ModelCardVersions {
  versions: ModelCardVersion[];
}

export interface ModelList {
  models: ModelSummary[];
}

export interface ModelMention {
  checkpoint: string;
  model: string;
  project: string;
  name: string;
  version: number;
  aliases: string[];
}

export interface ModelMentions {
  mentions: ModelMention[];
}

export interface ModelMove {
  alias: string;
  version_before: number | null;
  version: number | null;
  author: string;
  why: string;
  moved_ns: number;
}

export interface ModelNaming {
  name_before: string;
  name: string;
  author: string;
  renamed_ns: number;
}

export interface ModelQuery {
  project?: string | null;
  name?: string | null;
  deleted?: boolean;
}

export interface ModelRename {
  name: string;
  author?: string;
}

export interface ModelSummary {
  id: string;
  project: string;
  name: string;
  versions: number;
  latest: number | null;
  aliases: ModelAlias[];
  created_ns: number;
  changed_ns: number;
  deleted_ns: number | null;
  purge_ns: number | null;
}

export interface ModelVersion {
  version: number;
  run: string;
  run_name: string;
  is_run_deleted: boolean;
  checkpoint: string;
  step: number;
  bytes: number;
  digest: string;
  found: CheckpointSummary | null;
  aliases: string[];
  note: string;
  author: string;
  registered_ns: number;
  deleted_ns: number | null;
}

export interface Registered {
  model: ModelSummary;
  version: number;
  is_new: boolean;
}

export interface Registration {
  run: string;
  checkpoint: string;
  name: string;
  project?: string;
  note?: string;
  author?: string;
  alias?: string | null;
  why?: string;
}

export interface Moment {
  run: string;
  kind: "alert" | "annotation" | "checkpoint" | "restart";
  id: string;
  time_ns: number | null;
  step: number | null;
  text: string;
  level: "error" | "info" | "warning" | null;
  attempt: number | null;
  author: string;
}

export interface MomentList {
  moments: Moment[];
  started_ns: Record<string, number>;
  left_out: number;
}

export interface MomentQuery {
  runs: string[];
}

export interface Aggregate {
  count: number;
  mean: number | null;
  sd: number | null;
  min: number | null;
  max: number | null;
}

export interface Completion {
  start: number;
  end: number;
  suggestions: Suggestion[];
}

export interface GroupQuery {
  project?: string | null;
  q?: string;
  by: string;
  of?: string;
  limit?: number;
}

export interface KeyIndex {
  keys: KeySummary[];
  runs: number;
  has_more: boolean;
}

export interface KeySummary {
  key: string;
  kinds: ("boolean" | "duration" | "list" | "null" | "number" | "state" | "text" | "time")[];
  runs: number;
}

export interface RunEdit {
  name?: string | null;
  tags?: string[] | null;
  notes?: string | null;
  group?: string | null;
  archived?: boolean;
}

export interface RunGroup {
  values: ParamValue[];
  q: string;
  runs: number;
  aggregates: Record<string, Aggregate>;
}

export interface RunGroups {
  groups: RunGroup[];
  total: number;
  runs: number;
  rev: number;
}

export interface RunQuery {
  project?: string | null;
  state?: "failed" | "finished" | "interrupted" | "killed" | "running" | "silent" | null;
  q?: string;
  sort?: string;
  fields?: string | null;
  limit?: number;
  cursor?: string | null;
}

export interface Suggestion {
  text: string;
  kind: "key" | "operator" | "value";
  runs: number;
}

export interface UnknownKey {
  key: string;
  nearest: string;
}

export interface ValueCount {
  value: ParamValue;
  text: string;
  runs: number;
}

export interface ValueIndex {
  key: string;
  values: ValueCount[];
  has_more: boolean;
  missing: number;
}

export interface LinkPageQuery {
  version: number;
  author?: string;
}

export interface NewReportLink {
  link: ReportLink;
  url: string;
}

export interface ReportLink {
  id: string;
  version: number;
  author: string;
  made_ns: number;
  saved_ns: number;
  page_bytes: number;
}

export interface ReportLinkList {
  links: ReportLink[];
}

export interface SharedQuery {
  key: string;
}

export interface DevicePrice {
  device: string;
  per_hour: number;
}

export interface ProjectRules {
  project: string;
  version: number;
  set_ns: number | null;
  metrics: string[];
  detail: "archive" | "full" | "reduced";
  after_days: number;
  keep: string;
  headline: string;
  better: "" | "max" | "min";
  prices: DevicePrice[];
  currency: string;
  runs: number;
  misnamed_runs: number;
}

export interface RulesEdit {
  project: string;
  metrics?: string[];
  detail?: "archive" | "full" | "reduced";
  after_days?: number;
  keep?: string;
  headline?: string;
  better?: "" | "max" | "min";
  prices?: DevicePrice[];
  currency?: string;
}

export interface RulesQuery {
  project: string;
  version?: number | null;
}

export interface ThinningPlan {
  detail: "archive" | "full" | "reduced";
  runs: number;
  series: number;
  points: number;
  points_kept: number;
  bytes: number;
  listed: ThinningRun[];
}

export interface ThinningRun {
  id: string;
  name: string;
  series: number;
  points: number;
}

export interface Alert {
  time_ns: number;
  level: "error" | "info" | "warning";
  title: string;
  text: string;
  step: number | null;
  kind: string;
}

export interface Loss {
  reason: string;
  count: number;
  kinds: Record<string, number>;
}

export interface MetricSummary {
  last: ApiNumber;
  last_step: number;
  min: ApiNumber | null;
  max: ApiNumber | null;
  count: number;
  nonfinite: number;
  first_nonfinite_step: number | null;
  on_time_axis: boolean;
}

export interface Note {
  time_ns: number;
  text: string;
  step: number | null;
}

export interface Project {
  name: string;
  runs: number;
  live: number;
  archived: number;
  heard_ns: number;
  headline: string;
  better: "" | "max" | "min";
}

export interface ProjectList {
  projects: Project[];
}

export interface Run {
  summary: RunSummary;
  command: string[];
  folder: string;
  python: string;
  mltrack: string;
  notes: Note[];
  facts: Record<string, Record<string, ParamValue>>;
  metrics: number;
  step: number | null;
  devices: Record<string, MetricSummary>;
  histograms: number;
  media: number;
  checkpoints: number;
  files: number;
  streams: Stream[];
  losses: Loss[];
  alerts: Alert[];
  traceback: string;
  next_device: number | null;
  thinned: Thinned | null;
  annotations: Annotation[];
  misnamed: number;
}

export interface RunList {
  runs: RunSummary[];
  total: number;
  next: string | null;
  rev: number;
  unknown: UnknownKey[];
}

export interface RunSummary {
  id: string;
  project: string;
  name: string;
  state: "failed" | "finished" | "interrupted" | "killed" | "running" | "silent";
  reason: string;
  exit_code: number | null;
  signal: number | null;
  started_ns: number;
  ended_ns: number | null;
  heard_ns: number;
  user: string;
  host: string;
  framework: string;
  group: string;
  tags: string[];
  notes: string;
  archived: boolean;
  edited: string[];
  parent: string;
  attempts: number;
  records: number;
  dropped: number;
  rev: number;
  params: Record<string, ParamValue>;
  nonfinite_params: string[];
  metrics: Record<string, MetricSummary>;
  has_more_metrics: boolean;
}

export interface Stream {
  id: string;
  role: "agent" | "child" | "door" | "trainer";
  attempt: number;
  rank: number;
  host: string;
  pid: number;
  started_ns: number;
  ended_ns: number | null;
  state: "failed" | "finished" | "interrupted" | "killed" | null;
  reason: string;
  next_seq: number;
  is_sealed: boolean;
}

export interface Thinned {
  series: number;
  points: number;
  points_kept: number;
}

export interface ColumnRef {
  offset: number;
  length: number;
  type: "f8" | "i8" | "u4";
}

export interface History {
  name: string;
  step: number[];
  time_ns: number[];
  value: ApiNumber[];
  is_superseded: boolean[];
  is_thinned: boolean;
}

export interface SeriesBlock {
  name: string;
  is_exact: boolean;
  x: ColumnRef;
  series: SeriesColumns[];
}

export interface SeriesColumns {
  run: string;
  is_superseded: boolean;
  count: number;
  nonfinite: number;
  first: ApiNumber | null;
  last: ApiNumber | null;
  columns: Record<string, ColumnRef>;
  is_thinned: boolean;
}

export interface SeriesHeader {
  blocks: SeriesBlock[];
  rev: number;
}

export interface SeriesQuery {
  runs: string[];
  names: string[];
  x?: "relative" | "step" | "time";
  start?: number | null;
  end?: number | null;
  buckets?: number;
  smooth?: string | null;
  ends?: boolean;
}

export interface Change {
  id: string;
  project: string;
  rev: number;
  state: "failed" | "finished" | "interrupted" | "killed" | "running" | "silent";
  last_step: number | null;
}

export interface Health {
  status: "ok" | "read only";
}

export interface Notice {
  cursor: number;
  history: string;
  changes: Change[];
  reset: boolean;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  at: string;
  request: string;
}

export interface Server {
  version: string;
  is_local: boolean;
  needs_token: boolean;
  is_signed_in: boolean;
  folder: string;
  rev: number;
  history: string;
}

export interface SignIn {
  token: string;
}

export interface ProjectSize {
  project: string;
  runs: number;
  deleted: number;
  records: number;
  points: number;
  point_bytes: number;
  other_bytes: number;
  blob_bytes: number;
  own_blob_bytes: number;
}

export interface SizeList {
  projects: ProjectSize[];
  database_bytes: number;
  free_bytes: number;
  blob_bytes: number;
}

export interface Compacted {
  path: string;
  bytes_before: number;
  bytes_now: number;
  blob_bytes_freed: number;
  blob_bytes_later: number;
}

export interface Damage {
  where: string;
  what: string;
  advice: string;
  is_due: boolean;
}

export interface Repaired {
  found: Damage[];
  put_aside: string;
  left: number;
}

export interface RepairRequest {
  read_data?: boolean;
}

export interface DeviceHold {
  run: string;
  host: string;
  device: string;
  kind: string;
  is_assumed: boolean;
  hours: number;
  share_hours: number;
  utilization: number | null;
  idle_share: number;
  memory_peak_bytes: number | null;
  memory_bytes: number | null;
  cost: number | null;
  currency: string;
  stretches: Stretch[];
}

export interface Stretch {
  start_ns: number;
  end_ns: number;
  utilization: number | null;
  is_idle: boolean;
}

export interface Usage {
  start_ns: number;
  end_ns: number;
  part_s: number;
  idle_percent: number;
  runs: UsageRun[];
  holds: DeviceHold[];
  runs_unsampled: number;
  runs_left_out: number;
}

export interface UsageQuery {
  start_ns?: number | null;
  end_ns?: number | null;
  project?: string | null;
}

export interface UsageRun {
  id: string;
  project: string;
  name: string;
  state: "failed" | "finished" | "interrupted" | "killed" | "running" | "silent";
  started_ns: number;
}

export interface SectionOrder {
  section: string;
  cards: string[];
}

export interface Wall {
  project: string;
  version: number;
  author: string;
  saved_ns: number | null;
  layout: WallLayout;
}

export interface WallLayout {
  sections: string[];
  cards: SectionOrder[];
  sizes: Record<string, "large" | "medium">;
}

export interface WallQuery {
  project: string;
  version?: number | null;
}

export interface WallSave {
  project: string;
  version: number;
  author: string;
  layout: WallLayout;
}
