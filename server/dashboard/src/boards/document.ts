// The document of a dashboard, and what can be done to it. docs/format/dashboard.md describes it.

import type { Dashboard, DashboardDocument, DashboardTab } from "../api/types";
import type { SeenChart } from "../charts/seen";
import { parseSmoothing, type Smoothing } from "../series/smoothing";
import { flowed, inOrder, settled, withCell } from "./grid";

export type Panel = DashboardTab["panels"][number];
export type PanelType = Panel["type"];
export type PanelOf<Type extends PanelType> = Extract<Panel, { type: Type }>;

export const DOCUMENT_VERSION = 1;
export const TABS_MAX = 20;
export const PANELS_MAX = 100;
export const FROZEN_RUNS_MAX = 200;
export const METRICS_MAX = 8;
/** Runs that charts draw as lines where the document says nothing else, and the most they may. */
export const DRAWN_DEFAULT = 30;
export const DRAWN_MAX = 200;

/** The kinds of panels, as people are offered them. */
export const PANEL_TYPES: readonly PanelType[] = [
  "lines",
  "table",
  "text",
  "compare",
  "scatter",
  "parallel",
  "importance",
  "flow",
  "histograms",
  "devices",
  "checkpoints",
  "media",
  "console",
];

/** Kinds of panels that show one run, which each of them may name. */
const OF_ONE_RUN = [
  "histograms",
  "media",
  "flow",
  "devices",
  "checkpoints",
  "console",
] as const satisfies readonly PanelType[];

export type OneRunPanel = PanelOf<(typeof OF_ONE_RUN)[number]>;

export function isOfOneRun(panel: Panel): panel is OneRunPanel {
  return OF_ONE_RUN.some((type) => type === panel.type);
}

/** Return how a line chart smooths: within what there can be, whoever wrote the document. */
export function smoothingOf({ smoothing, smoothing_kind }: PanelOf<"lines">): Smoothing {
  return parseSmoothing(`${smoothing_kind ?? "twema"}:${smoothing}`);
}

/** Return the metrics that a line chart names; none where it leaves that to the dashboard. */
export function metricsOf({ metric, more = [] }: PanelOf<"lines">): string[] {
  return [...new Set([metric, ...more])].filter(Boolean);
}

/** What people can change of a dashboard. */
export interface Board {
  name: string;
  owner: string;
  document: DashboardDocument;
}

/** Return a dashboard's document with one empty tab. */
export function emptyDocument(): DashboardDocument {
  const tabs = [{ id: "tab1", title: "", panels: [] }];
  return { version: DOCUMENT_VERSION, filter: "", frozen: null, drawn_max: DRAWN_DEFAULT, tabs };
}

/** Return one with the table of runs and the charts of *metrics*, three in a row. */
export function startDocument(metrics: readonly string[], columns: readonly string[]) {
  let document = emptyDocument();
  for (const metric of metrics)
    document = withPanel(document, "tab1", { ...newPanel(document, "lines"), metric } as Panel);
  const table = { ...newPanel(document, "table"), columns: [...columns], width: 12 } as Panel;
  return withPanel(document, "tab1", table);
}

/** Return a panel of *type* that shows what the dashboard chooses for it. */
export function newPanel(document: DashboardDocument, type: PanelType): Panel {
  const ids = document.tabs.flatMap((tab) => tab.panels.map((panel) => panel.id));
  const at = { id: freshId("p", ids), title: "", filter: "", x: 0, y: 0, width: 4, height: 7 };
  switch (type) {
    case "lines":
      return {
        type,
        ...at,
        metric: "",
        more: [],
        axis: "step",
        smoothing: 0,
        smoothing_kind: "twema",
        by: null,
        spread: "range",
        is_log: false,
        is_full: false,
        window: null,
      };
    case "table":
      return { type, ...at, width: 6, columns: [], sort: "" };
    case "text":
      return { type, ...at, width: 12, height: 3, text: "" };
    case "histograms":
      return { type, ...at, width: 6, height: 10, run: "", name: "", view: "layers" };
    case "scatter":
      return { type, ...at, width: 6, height: 11, across: "", up: "", colour: "" };
    case "parallel":
      return { type, ...at, width: 12, height: 13, axes: [], colour: "" };
    case "media":
      return { type, ...at, width: 6, height: 10, run: "", name: "" };
    case "importance":
      return { type, ...at, width: 6, height: 9, of: "" };
    case "flow":
      return { type, ...at, width: 6, height: 12, run: "", flow: "gradient" };
    case "devices":
      return { type, ...at, width: 12, height: 12, run: "" };
    case "console":
      return {
        type,
        ...at,
        width: 12,
        height: 9,
        run: "",
        search: "",
        is_regex: false,
        is_case: false,
      };
    case "checkpoints":
      return { type, ...at, width: 12, height: 10, run: "" };
    case "compare":
      return { type, ...at, width: 12, height: 10, summary: "last", baseline: "", is_all: false };
  }
}

/** Return the document with a chart more, drawn as somebody has seen it: in a report at the end. */
export function withChart(document: DashboardDocument, tab: string, chart: SeenChart) {
  const [metric = "", ...more] = chart.metrics.slice(0, METRICS_MAX);
  const panel: Panel = {
    ...(newPanel(document, "lines") as PanelOf<"lines">),
    metric,
    more,
    filter: chart.filter,
    axis: chart.axis,
    smoothing: chart.smoothing.amount,
    smoothing_kind: chart.smoothing.kind,
    by: chart.by && [...chart.by],
    spread: chart.spread,
    is_log: chart.isLog,
    is_full: chart.isFull,
    window: chart.window && [...chart.window],
    width: 6,
  };
  return document.frozen === null
    ? withPanel(document, tab, panel)
    : withPanelAt(document, tab, panel, PANELS_MAX);
}

/** Return how high a panel is that shows a text without scrolling, as far as lines tell. */
export function heightOf(text: string): number {
  return Math.min(14, 2 + Math.ceil(text.split("\n").length * 0.55));
}

function freshId(prefix: string, taken: readonly string[]): string {
  for (let number = taken.length + 1; ; number += 1)
    if (!taken.includes(`${prefix}${number}`)) return `${prefix}${number}`;
}

function withTab(
  document: DashboardDocument,
  id: string,
  change: (tab: DashboardTab) => DashboardTab,
): DashboardDocument {
  return { ...document, tabs: document.tabs.map((tab) => (tab.id === id ? change(tab) : tab)) };
}

/** Return the document with other panels in a tab. */
export function withPanels(document: DashboardDocument, tab: string, panels: readonly Panel[]) {
  return withTab(document, tab, (one) => ({ ...one, panels: [...panels] }));
}

/** Return the document with a panel more, where there is room for it soonest. */
export function withPanel(document: DashboardDocument, tab: string, panel: Panel) {
  return withTab(document, tab, (one) => ({ ...one, panels: withCell(one.panels, panel) }));
}

/** Return the document with a panel of the same id instead. */
export function withPanelChanged(document: DashboardDocument, panel: Panel): DashboardDocument {
  const change = (one: Panel) => (one.id === panel.id ? panel : one);
  return {
    ...document,
    tabs: document.tabs.map((tab) => ({ ...tab, panels: tab.panels.map(change) })),
  };
}

export function withoutPanel(document: DashboardDocument, id: string): DashboardDocument {
  // A report flows, see `frozenOf`; a dashboard falls up.
  const close =
    document.frozen === null ? settled<Panel> : (left: Panel[]) => flowed(inOrder(left));
  const tabs = document.tabs.map((tab) =>
    tab.panels.some((panel) => panel.id === id)
      ? { ...tab, panels: close(tab.panels.filter((panel) => panel.id !== id)) }
      : tab,
  );
  return { ...document, tabs };
}

/** Return the document with a panel once more, and the copy's id. */
export function withCopy(document: DashboardDocument, tab: string, panel: Panel) {
  return withPanel(document, tab, { ...panel, id: newPanel(document, panel.type).id });
}

/** Return the document with an empty tab more, and its id. */
export function withNewTab(document: DashboardDocument): [DashboardDocument, string] {
  const id = freshId(
    "tab",
    document.tabs.map((tab) => tab.id),
  );
  return [{ ...document, tabs: [...document.tabs, { id, title: "", panels: [] }] }, id];
}

export function withTabTitle(document: DashboardDocument, id: string, title: string) {
  return withTab(document, id, (tab) => ({ ...tab, title }));
}

/** Return the document without a tab; the last one stays. */
export function withoutTab(document: DashboardDocument, id: string): DashboardDocument {
  const tabs = document.tabs.filter((tab) => tab.id !== id);
  return tabs.length === 0 ? document : { ...document, tabs };
}

/** Return the document with a tab one place further to the left or right. */
export function withTabMoved(document: DashboardDocument, id: string, by: number) {
  const from = document.tabs.findIndex((tab) => tab.id === id);
  const to = Math.min(document.tabs.length - 1, Math.max(0, from + by));
  const tabs = document.tabs.filter((tab) => tab.id !== id);
  tabs.splice(to, 0, document.tabs[from]!);
  return { ...document, tabs };
}

/** Return the panels of a tab without overlaps, whoever wrote the document. */
export function panelsOf(document: DashboardDocument, tab: string): Panel[] {
  return settled(document.tabs.find((one) => one.id === tab)?.panels ?? []);
}

/** Return a report of a saved dashboard and these runs; its panels flow in the order they are read. */
export function frozenOf(
  { summary, document }: Pick<Dashboard, "summary" | "document">,
  runs: readonly string[],
  atMs: number,
): DashboardDocument {
  return {
    ...document,
    frozen: {
      dashboard: summary.id,
      version: summary.version,
      at_ns: atMs * 1e6,
      runs: runs.slice(0, FROZEN_RUNS_MAX),
    },
    tabs: document.tabs.map((tab) => ({ ...tab, panels: flowed(inOrder(settled(tab.panels))) })),
  };
}

/** Return the document of a report with *panel* before the one that is now at *at*. */
export function withPanelAt(document: DashboardDocument, tab: string, panel: Panel, at: number) {
  return withTab(document, tab, (one) => {
    const panels = inOrder(one.panels);
    panels.splice(at, 0, panel);
    return { ...one, panels: flowed(panels) };
  });
}

/** Return the document of a report with a panel so many places further. */
export function withPanelMoved(document: DashboardDocument, tab: string, id: string, by: number) {
  return withTab(document, tab, (one) => {
    const panels = inOrder(one.panels);
    const from = panels.findIndex((panel) => panel.id === id);
    const [panel] = panels.splice(from, 1);
    panels.splice(Math.max(0, from + by), 0, panel!);
    return { ...one, panels: flowed(panels) };
  });
}

/** Return the filter of a dashboard and one of its panels together. */
export function joined(...filters: readonly string[]): string {
  const given = filters.map((filter) => filter.trim()).filter(Boolean);
  return given.length > 1 ? given.map((filter) => `(${filter})`).join(" and ") : (given[0] ?? "");
}

/** Return the filter that holds for these runs and no others, put away or not. */
export function filterOf(runs: readonly string[]): string {
  const ids = runs.map((id) => `"${id}"`).join(", ");
  return runs.length === 0 ? 'id = ""' : `id in [${ids}] and archived in [true, false]`;
}

/** Return the filter of a document: of a report its runs alone. */
export function scopeOf({ filter, frozen }: DashboardDocument): string {
  return frozen === null ? filter : filterOf(frozen.runs);
}

/**
 * Return the document in *text*, a file that somebody chose. Whether it is a whole one, the server
 * says when it is to keep it.
 *
 * Throws "json" where it is no JSON, "version" where another mltrack wrote it.
 */
export function parseFile(text: string): { name: string; document: DashboardDocument } {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw new Error("json");
  }
  const file = read as { name?: unknown; dashboard?: DashboardDocument } | null;
  const document = file?.dashboard;
  if (typeof document !== "object" || document === null) throw new Error("json");
  if (document.version !== DOCUMENT_VERSION) throw new Error("version");
  return { name: typeof file?.name === "string" ? file.name : "", document };
}

/** Return what a file of a dashboard holds; `parseFile` reads it. */
export function fileText(name: string, document: DashboardDocument): string {
  return JSON.stringify({ name, dashboard: document }, null, 2);
}
