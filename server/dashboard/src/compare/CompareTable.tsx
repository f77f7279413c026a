import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import type { ParamValue, Run } from "../api/types";
import type { LineStyle } from "../charts/colours";
import { Swatch } from "../list/RunRow";
import { Tool } from "../shell/Tool";
import { cellText, deltaOf, SECTIONS, type CompareRow } from "./differences";

interface CompareTableProps {
  runs: readonly Run[];
  rows: readonly CompareRow[];
  styles: readonly LineStyle[];
  baseline: number;
  onBaseline: (id: string) => void;
  onRemove: (id: string) => void;
}

/** Runs as columns, what they were made of and led to as rows. */
export function CompareTable(props: CompareTableProps) {
  const { runs, rows, baseline } = props;
  const { t } = useTranslation();
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
                  <Tool
                    icon="close"
                    label={t("compare.remove_run", { name })}
                    hint={t("compare.remove")}
                    onClick={() => props.onRemove(id)}
                  />
                </span>
                <label className="compare-base">
                  <input
                    type="radio"
                    name="baseline"
                    checked={at === baseline}
                    onChange={() => props.onBaseline(id)}
                  />
                  {t("compare.baseline")}
                </label>
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
                {own.map((row) => (
                  <Row key={row.name} row={row} baseline={baseline} />
                ))}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
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
