import { lazy, Suspense, useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { ApiError } from "../api/client";
import type { ParamValue, RunSummary, UnknownKey } from "../api/types";
import type { LineStyle } from "../charts/colours";
import { ColumnButton } from "../list/ColumnButton";
import { LEGEND_MAX, type LegendEntry } from "../list/colouring";
import { bestOf, formatParam, type Column, type Sort } from "../list/columns";
import type { Layout } from "../list/layout";
import { fieldName, rowsOf, type Group } from "../list/rows";
import { FieldSelect } from "../list/FieldSelect";
import { FilterBox } from "../list/FilterBox";
import { Swatch } from "../charts/Swatch";
import { RunTable } from "../list/RunTable";
import { useBulk } from "../list/useBulk";
import { Icon } from "../shell/Icon";
import type { Headline } from "../series/metrics";
import { useShortcuts } from "../shell/shortcuts";
import { DemoBanner } from "./DemoBanner";
import { DrawnBanner } from "./DrawnBanner";
import { keyOf } from "./drawn";
import { NoMatch } from "./NoMatch";
import type { DrawnState } from "./useDrawn";
import type { Selection } from "./useSelection";

// Fetched when the first run is ticked.
const SelectionBar = lazy(() =>
  import("./SelectionBar").then(({ SelectionBar }) => ({ default: SelectionBar })),
);
const BulkNote = lazy(() => import("./BulkNote").then(({ BulkNote }) => ({ default: BulkNote })));

interface RunPaneProps {
  project: string;
  total: number;
  error: ApiError | null;
  unknown: readonly UnknownKey[];
  known: readonly RunSummary[];
  onEdit: (run: RunSummary) => void;
  isMore: boolean;
  shown: readonly RunSummary[];
  columns: readonly Column[];
  layout: Layout;
  onLayout: (layout: Layout) => void;
  varying: readonly string[];
  constants: Readonly<Record<string, ParamValue>>;
  filter: string;
  onFilter: (filter: string | null) => void;
  sorts: readonly Sort[];
  onSort: (sorts: Sort[]) => void;
  fields: readonly string[];
  groups: readonly Group[] | null;
  onGroup: (fields: string[]) => void;
  colourField: string;
  onColour: (field: string | null) => void;
  dashField: string;
  onDash: (field: string | null) => void;
  legend: readonly LegendEntry[];
  styles: ReadonlyMap<string, LineStyle>;
  draw: DrawnState;
  headline: string | null;
  /** What the project names for it; null: nothing. */
  own: Headline | null;
  /** Whether there is room for the course of the headline in its rows. */
  hasSparks: boolean;
  selection: Selection;
  onCompare: () => void;
  onEnd: () => void;
}

/** The left side of the workspace: which runs there are, which are drawn, and how. */
export function RunPane(props: RunPaneProps) {
  const { shown, columns, groups, draw, selection, filter, onFilter } = props;
  const { t } = useTranslation();
  const search = useRef<HTMLInputElement>(null);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  useShortcuts({ "/": () => search.current?.focus() });
  const rows = useMemo(() => rowsOf(shown, groups, closed), [shown, groups, closed]);
  const { own } = props;
  const best = useMemo(() => bestOf(shown, columns, own), [shown, columns, own]);
  const headlineColumn = useMemo(
    () =>
      columns.find(({ kind, name }) => kind === "metric" && name === props.headline)?.id ?? null,
    [columns, props.headline],
  );
  const { pinned: pinnedKeys, only: onlyKey } = draw.choice;
  const pinned = useMemo(
    () => new Set(shown.map((run) => run.id).filter((id) => pinnedKeys.has(keyOf(id)))),
    [shown, pinnedKeys],
  );
  const only = useMemo(
    () => (onlyKey === null ? null : (shown.find(({ id }) => keyOf(id) === onlyKey)?.id ?? null)),
    [shown, onlyKey],
  );
  const { onToggle, onSolo, onPin } = draw;
  const { onSelect } = selection;
  const { onEdit } = props;
  const actions = useMemo(
    () => ({ onToggle, onSolo, onPin, onSelect, onEdit }),
    [onToggle, onSolo, onPin, onSelect, onEdit],
  );
  // What is not in the table is not acted on, though it was ticked.
  const chosen = useMemo(
    () => shown.filter((run) => selection.selected.has(run.id)),
    [shown, selection.selected],
  );
  const bulk = useBulk(props.project);
  const onToggleGroup = useCallback((id: string) => {
    setClosed((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  return (
    <section className="run-pane" aria-label={t("workspace.runs")}>
      <h1 className="only-said">{props.project}</h1>
      <div className="toolbar">
        <FilterBox
          field={search}
          value={filter}
          onChange={onFilter}
          runs={props.known}
          error={props.error}
          unknown={props.unknown}
        />
        <FieldSelect
          label={t("list.group_by")}
          varying={props.varying}
          value=""
          taken={props.fields}
          onChoose={(field) => field && props.onGroup([...props.fields, field])}
        />
        {props.fields.map((field) => (
          <button
            key={field}
            type="button"
            className="chip"
            title={t("list.ungroup")}
            onClick={() => props.onGroup(props.fields.filter((one) => one !== field))}
          >
            {fieldName(field)} <Icon name="close" />
          </button>
        ))}
        <FieldSelect
          label={t("list.colour_by")}
          varying={props.varying}
          value={props.colourField}
          taken={[]}
          onChoose={(field) => props.onColour(field || null)}
        />
        <FieldSelect
          label={t("list.dash_by")}
          varying={props.varying}
          value={props.dashField}
          taken={[]}
          onChoose={(field) => props.onDash(field || null)}
        />
        <ColumnButton
          runs={shown}
          columns={columns}
          layout={props.layout}
          onLayout={props.onLayout}
        />
      </div>
      <div className="pane-notes">
        <span role="status">
          {t("list.shown", { count: props.total })}
          {props.isMore && ` · ${t("list.loaded", { count: shown.length })}`}
        </span>
        <Constants constants={props.constants} count={props.total} />
        {(groups === null || only !== null || draw.choice.rule !== "all") && (
          <DrawnBanner
            draw={draw}
            shown={shown}
            total={props.total}
            only={only}
            headline={props.headline}
          />
        )}
        <DemoBanner shown={shown} />
        <Legend legend={props.legend} />
      </div>
      {shown.length === 0 ? (
        filter ? (
          <NoMatch project={props.project} filter={filter} onFilter={onFilter} />
        ) : (
          <p className="no-match">{t("list.no_runs")}</p>
        )
      ) : (
        <RunTable
          label={t("list.table", { project: props.project })}
          rows={rows}
          runs={shown}
          columns={columns}
          layout={props.layout}
          onLayout={props.onLayout}
          best={best}
          own={own}
          headline={headlineColumn}
          hasSparks={props.hasSparks}
          sorts={props.sorts}
          onSort={props.onSort}
          styles={props.styles}
          drawn={draw.drawn}
          selected={selection.selected}
          onSelectAll={selection.selectAll}
          pinned={pinned}
          only={only}
          actions={actions}
          onToggleGroup={onToggleGroup}
          onEnd={props.onEnd}
        />
      )}
      <Suspense fallback={null}>
        {bulk.state && <BulkNote bulk={bulk} />}
        {chosen.length > 0 && (
          <SelectionBar
            chosen={chosen}
            known={props.known}
            isBusy={bulk.state?.isRunning ?? false}
            onPerform={(action) => bulk.perform(action, chosen)}
            onCompare={props.onCompare}
            onClear={selection.clear}
          />
        )}
      </Suspense>
    </section>
  );
}

function Legend({ legend }: { legend: RunPaneProps["legend"] }) {
  const { t } = useTranslation();
  if (legend.length === 0) return null;
  return (
    <ul className="legend">
      {legend.slice(0, LEGEND_MAX).map(({ key, label, line }) => (
        <li key={key}>
          <Swatch line={line} /> {label}
        </li>
      ))}
      {legend.length > LEGEND_MAX && (
        <li>{t("bulk.more", { count: legend.length - LEGEND_MAX })}</li>
      )}
    </ul>
  );
}

/** Parameters that are the same in all runs, folded away. */
function Constants({ constants, count }: { constants: RunPaneProps["constants"]; count: number }) {
  const { t } = useTranslation();
  const entries = Object.entries(constants);
  if (entries.length === 0 || count < 2) return null;
  return (
    <details className="constants">
      <summary title={t("list.constant_hint")}>
        {t("list.constant", { count: entries.length })}
      </summary>
      <dl>
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formatParam(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
