import { useTranslation } from "react-i18next";

import { valueLabel } from "../../params/axes";
import { sortedRows, ColourDot, type TableProps } from "../../params/ParamsTable";

/** A table for reading and for paper: every row is there. */
export function StaticTable({ names, ids, axes, selected, initialSort, styles }: TableProps) {
  const { t } = useTranslation();
  const none = t("params.none");
  return (
    <div className="scroll-x" tabIndex={0}>
      <table className="report-table">
        <thead>
          <tr>
            <th scope="col">{t("params.run")}</th>
            {axes.map(({ key, label }) => (
              <th key={key} scope="col" title={key}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sortedRows(selected, axes, initialSort ?? null).map((run) => (
            <tr key={ids[run]}>
              <th scope="row">
                {styles && <ColourDot style={styles.get(ids[run]!)} />}
                {names[run]}
              </th>
              {axes.map((axis) => (
                <td key={axis.key}>{valueLabel(axis.values[run]!, none)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
