import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { formatNumber } from "../api/number";
import { mistakesOf, scoresOf, type Cell, type ClassScore, type Matrix } from "./confusion";

/** A larger matrix nobody reads as a table; what counts of it are its classes and mistakes. */
const CLASSES_MAX = 30;
const SCORES_MAX = 200;
const MISTAKES_MAX = 20;

interface ConfusionTablesProps {
  matrix: Matrix;
  cells: readonly Cell[];
  textOf: (value: number) => string;
}

/** What the colours say, for who cannot tell them apart, and what follows from them by class. */
export function ConfusionTables({ matrix, cells, textOf }: ConfusionTablesProps) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      {matrix.labels.length <= CLASSES_MAX && (
        <MatrixTable labels={matrix.labels} cells={cells} textOf={textOf} />
      )}
      <details className="heatmap-table" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
        <summary>{t("evaluation.by_class")}</summary>
        {isOpen && (
          <div
            className="evaluation-tables"
            tabIndex={0}
            role="region"
            aria-label={t("evaluation.by_class")}
          >
            <Scores matrix={matrix} />
            <Mistakes matrix={matrix} />
          </div>
        )}
      </details>
    </>
  );
}

interface MatrixTableProps {
  labels: readonly string[];
  cells: readonly Cell[];
  textOf: (value: number) => string;
}

/** All cells: true classes down, predicted ones across. */
export function MatrixTable({ labels, cells, textOf }: MatrixTableProps) {
  const { t } = useTranslation();
  const values = new Map(cells.map(({ row, column, value }) => [`${row} ${column}`, value]));
  return (
    <details className="heatmap-table">
      <summary>{t("distributions.rows_as_table")}</summary>
      <div className="heatmap-rows" tabIndex={0} role="region" aria-label={t("evaluation.axes")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("evaluation.corner")}</th>
              {labels.map((label, column) => (
                <th key={column} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {labels.map((label, row) => (
              <tr key={row}>
                <th scope="row">{label}</th>
                {labels.map((_, column) => (
                  <td key={column}>{textOf(values.get(`${row} ${column}`) ?? 0)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Scores({ matrix }: { matrix: Matrix }) {
  const { t } = useTranslation();
  const scores = useMemo(
    () => scoresOf(matrix).sort((a, b) => (a.f1 ?? 2) - (b.f1 ?? 2)),
    [matrix],
  );
  const share = (value: number | null) =>
    value === null ? "–" : formatNumber(Number(value.toFixed(4)));
  return (
    <div>
      <table>
        <caption>
          {scores.length > SCORES_MAX
            ? t("evaluation.worst_classes", { shown: SCORES_MAX, total: scores.length })
            : t("evaluation.classes")}
        </caption>
        <thead>
          <tr>
            <th scope="col">{t("evaluation.class")}</th>
            <th scope="col">{t("evaluation.recall")}</th>
            <th scope="col">{t("evaluation.precision")}</th>
            <th scope="col">{t("evaluation.f1")}</th>
            <th scope="col">{t("evaluation.support")}</th>
          </tr>
        </thead>
        <tbody>
          {scores.slice(0, SCORES_MAX).map((score: ClassScore, at) => (
            <tr key={at}>
              <th scope="row">{score.label}</th>
              <td>{share(score.recall)}</td>
              <td>{share(score.precision)}</td>
              <td>{share(score.f1)}</td>
              <td>{score.samples.toLocaleString("en-US")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Mistakes({ matrix }: { matrix: Matrix }) {
  const { t } = useTranslation();
  const mistakes = mistakesOf(matrix, MISTAKES_MAX);
  if (mistakes.length === 0) return null;
  return (
    <div>
      <table>
        <caption>{t("evaluation.mistakes")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("evaluation.true")}</th>
            <th scope="col">{t("evaluation.taken_for")}</th>
            <th scope="col">{t("evaluation.count_of")}</th>
          </tr>
        </thead>
        <tbody>
          {mistakes.map(({ row, column, value }) => (
            <tr key={`${row} ${column}`}>
              <th scope="row">{matrix.labels[row]}</th>
              <td>{matrix.labels[column]}</td>
              <td>{value.toLocaleString("en-US")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
