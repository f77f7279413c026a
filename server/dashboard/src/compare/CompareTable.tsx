import { Fragment, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import type { ParamValue, Run } from "../api/types";
import type { LineStyle } from "../charts/colours";
import { Swatch } from "../charts/Swatch";
import { Icon } from "../shell/Icon";
import { Tool } from "../shell/Tool";
import {
  cellText,
  deltaOf,
  foldedRows,
  SECTIONS,
  type CompareRow,
  type RowGroup,
} from "./differences";
import "../styles/compare.css";

interface CompareTableProps {
  runs: readonly Run[];
  rows: readonly CompareRow[];
  styles: readonly LineStyle[];
  baseline: number;
  /** Without these it is there to be read. */
  onBaseline?: (id: string) => void;
  onRemove?: (id: string) => void;
}

/** Runs as columns, what they were made of and led to as rows. */
export function CompareTable(props: CompareTableProps) {
  const { runs, rows, baseline, onBaseline, onRemove } = props;
  const { t } = useTranslation();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string) => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
  };
  const group = useId();
  return (
    <div className="compare-table" tabIndex={0} role="region" aria-label={t("compare.table")}>
      <table>
        <thead>
          <tr>
            <td />
            {runs.map(({ summary: { id, name } }, at) => (
              <th key={id} scope="col" className={at === baseline ? "is-baseline" : ""}>
                <span className="compare-name">
                  <Swatch line={props.styles[at]} />
                  <Link href={`/r/${id}`} title={name}>
                    {name}
                  </Link>
                  {onRemove && (
                    <Tool
                      icon="close"
                      label={t("compare.remove_run", { name })}
                      hint={t("compare.remove")}
                      onClick={() => onRemove(id)}
                    />
                  )}
                </span>
                {onBaseline ? (
                  <label className="compare-base">
                    <input
                      type="radio"
                      name={group}
                      checked={at === baseline}
                      onChange={() => onBaseline(id)}
                    />
                    {t("compare.baseline")}
                  </label>
                ) : (
                  at === baseline && <span className="compare-base">{t("compare.baseline")}</span>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {SECTIONS.map((section) => {
            const own = rows.filter((row) => row.section === section);
            if (own.length === 0) return null;
            return (
              <Fragment key={section}>
                <tr className="compare-section">
                  <th scope="rowgroup" colSpan={runs.length + 1}>
                    {t(`compare.${section}`)}
                  </th>
                </tr>
                {foldedRows(own).map((group) => {
                  const key = `${section} ${group.prefix}`;
                  const isOpen = group.prefix === "" || open.has(key);
                  return (
                    <Fragment key={`${key} ${group.rows[0]!.name}`}>
                      {group.prefix && (
                        <FoldRow
                          group={group}
                          columns={runs.length + 1}
                          isOpen={isOpen}
                          onToggle={() => toggle(key)}
                        />
                      )}
                      {isOpen &&
                        group.rows.map((row) => (
                          <Row key={row.name} row={row} baseline={baseline} />
                        ))}
                    </Fragment>
                  );
                })}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function FoldRow(props: {
  group: RowGroup;
  columns: number;
  isOpen: boolean;
  onToggle: () => void;
}) {
  const { group, columns, isOpen } = props;
  const { t } = useTranslation();
  const different = group.rows.filter((row) => row.isDifferent).length;
  return (
    <tr className="compare-fold">
      <th scope="rowgroup" colSpan={columns}>
        <button type="button" aria-expanded={isOpen} onClick={props.onToggle}>
          <Icon name={isOpen ? "down" : "right"} /> {group.prefix}…{" "}
          <span className="muted">
            {t("compare.folded", { count: group.rows.length, different })}
          </span>
        </button>
      </th>
    </tr>
  );
}

function Row({ row, baseline }: { row: CompareRow; baseline: number }) {
  const dot = row.name.lastIndexOf(row.section === "metrics" ? "/" : ".") + 1;
  return (
    <tr>
      <th scope="row" title={row.name}>
        <span className="muted">{row.name.slice(0, dot)}</span>
        {row.name.slice(dot)}
      </th>
      {row.values.map((value, at) => (
        <Cell
          key={at}
          value={value}
          base={row.values[baseline]}
          isBaseline={at === baseline}
          direction={row.direction}
        />
      ))}
    </tr>
  );
}

function Cell(props: {
  value: ParamValue | undefined;
  base: ParamValue | undefined;
  isBaseline: boolean;
  direction: CompareRow["direction"];
}) {
  const { t } = useTranslation();
  const { value, base, isBaseline } = props;
  const delta = isBaseline ? null : deltaOf(value, base, props.direction);
  const text = cellText(value);
  return (
    <td className={isBaseline ? "is-baseline" : ""} title={text}>
      {value === undefined ? <span className="muted">–</span> : text}
      {delta && (
        <small className={delta.isBetter === null ? "" : delta.isBetter ? "better" : "worse"}>
          {delta.isBetter !== null && (
            <>
              <span aria-hidden="true">{delta.isBetter ? "✓ " : "✗ "}</span>
              <span className="only-said">
                {delta.isBetter ? t("compare.better") : t("compare.worse")}
              </span>
            </>
          )}
          {delta.text}
        </small>
      )}
    </td>
  );
}
