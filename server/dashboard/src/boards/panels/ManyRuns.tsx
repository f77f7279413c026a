// Panels that show many runs by their values: table, scatter, parallel coordinates, importance.

import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { axisOf, labelOf } from "../../params/axes";
import { selectedBy, type Brush } from "../../params/brushes";
import { ImportancePanel, useImportance } from "../../params/ImportancePanel";
import { ParallelCoordinates } from "../../params/ParallelCoordinates";
import { ParamsTable } from "../../params/ParamsTable";
import { ScatterPlot } from "../../params/ScatterPlot";
import { moved } from "../../params/view";
import type { Panel, PanelOf } from "../document";
import { useScope } from "../scope";
import { StaticTable } from "./StaticTable";
import { all, useChoice, useColours, WithColumns, type Columns } from "./columns";

interface TableProps {
  panel: PanelOf<"table">;
  /** All rows, without a part that scrolls. */
  isStatic: boolean;
}

export function TableBody({ panel, isStatic }: TableProps) {
  const choice = useChoice();
  const { drawn } = useScope();
  const styles = useMemo(() => new Map(drawn.map(({ id, style }) => [id, style])), [drawn]);
  const { columns, sort } = panel;
  const keys = useMemo(
    () => (columns.length > 0 ? columns : (choice?.keys ?? [])),
    [columns, choice],
  );
  if (!choice) return null;
  return (
    <WithColumns keys={keys}>
      {({ data, axes }) => {
        const table = {
          ids: data.ids,
          names: data.names,
          axes: keys.flatMap((key) => axes.get(key) ?? []),
          selected: all(data.ids.length),
          styles,
          initialSort: sort ? { key: sort.replace(/^-/, ""), isDescending: sort[0] === "-" } : null,
        };
        // A panel that is sorted otherwise is another table.
        return isStatic ? <StaticTable {...table} /> : <ParamsTable key={sort} {...table} />;
      }}
    </WithColumns>
  );
}

export function ScatterBody({ panel }: { panel: PanelOf<"scatter"> }) {
  const choice = useChoice();
  const up = panel.up || choice?.result || "";
  const across = panel.across || (choice?.keys.find((key) => key !== up) ?? "");
  const colour = panel.colour || choice?.result || "";
  const keys = useMemo(() => [across, up, colour], [across, up, colour]);
  if (!choice) return null;
  return (
    <WithColumns keys={keys}>
      {(columns) => <Scatter columns={columns} across={across} up={up} colour={colour} />}
    </WithColumns>
  );
}

interface ScatterProps {
  columns: Columns;
  across: string;
  up: string;
  colour: string;
}

function Scatter({ columns, across, up, colour }: ScatterProps) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const count = columns.data.ids.length;
  const selected = useMemo(() => all(count), [count]);
  const picture = useColours(columns, colour, selected, (id) => navigate(`/r/${id}`));
  const [x, y] = [columns.axes.get(across), columns.axes.get(up)];
  if (!x || !y) return <p className="panel-hint">{t("board.no_key")}</p>;
  return (
    <>
      <p className="panel-run">
        {t("board.scatter_of", { up: y.label, across: x.label })}
        {colour && ` ${t("board.coloured", { colour: labelOf(colour) })}`}
      </p>
      <ScatterPlot {...picture} x={x} y={y} />
    </>
  );
}

interface ParallelProps {
  panel: PanelOf<"parallel">;
  onChange: (panel: Panel) => void;
}

export function ParallelBody({ panel, onChange }: ParallelProps) {
  const choice = useChoice();
  const chosen = panel.axes.length > 0 ? panel.axes : (choice?.keys ?? []);
  const colour = panel.colour || choice?.result || "";
  const text = [...chosen, colour].join("\n");
  const keys = useMemo(() => text.split("\n"), [text]);
  if (!choice) return null;
  return (
    <WithColumns keys={keys}>
      {(columns) => (
        <Parallel
          columns={columns}
          keys={chosen}
          colour={colour}
          onAxes={(axes) => onChange({ ...panel, axes: [...axes] })}
        />
      )}
    </WithColumns>
  );
}

function Parallel(props: {
  columns: Columns;
  keys: readonly string[];
  colour: string;
  onAxes: (keys: readonly string[]) => void;
}) {
  const { columns, keys, colour, onAxes } = props;
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const [brushes, setBrushes] = useState<ReadonlyMap<string, Brush>>(new Map());
  const count = columns.data.ids.length;
  const text = keys.join("\n");
  const [toggled, setToggled] = useState<readonly string[]>([]);
  const axes = useMemo(
    () =>
      text.split("\n").flatMap((key) => {
        const axis = columns.axes.get(key);
        if (!axis) return [];
        return [toggled.includes(key) ? axisOf(key, axis.values, true) : axis];
      }),
    [text, columns, toggled],
  );
  const selected = useMemo(() => selectedBy(axes, brushes, count), [axes, brushes, count]);
  const picture = useColours(columns, colour, selected, (id) => navigate(`/r/${id}`));
  return (
    <>
      {colour && <p className="panel-run">{t("board.coloured", { colour: labelOf(colour) })}</p>}
      <ParallelCoordinates
        {...picture}
        axes={axes}
        brushes={brushes}
        onBrush={(key, brush) => {
          const next = new Map(brushes);
          if (brush === null) next.delete(key);
          else next.set(key, brush);
          setBrushes(next);
        }}
        onMove={(key, to) => onAxes(moved(keys, key, to))}
        onToggleScale={(key) =>
          setToggled(
            toggled.includes(key) ? toggled.filter((one) => one !== key) : [...toggled, key],
          )
        }
        onRemove={(key) => onAxes(keys.filter((one) => one !== key))}
      />
    </>
  );
}

interface ImportanceProps {
  panel: PanelOf<"importance">;
}

export function ImportanceBody({ panel }: ImportanceProps) {
  const { t } = useTranslation();
  const { project, filter } = useScope();
  const [, navigate] = useLocation();
  const choice = useChoice();
  const of = panel.of || choice?.result || null;
  const query = useImportance(project, filter, of);
  if (!choice) return null;
  if (of === null) return <p className="panel-hint">{t("board.no_metric")}</p>;
  // Its scatter is on the page of parameters, of the same runs.
  const open = (key: string) =>
    navigate(
      `/p/${encodeURIComponent(project)}/params?${new URLSearchParams({ q: filter, of, sx: key }).toString()}`,
    );
  return <ImportancePanel query={query} of={of} x={null} onChoose={open} />;
}
