import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { fetchConfusion } from "../api/client";
import { DIVERGING } from "../distributions/grid";
import { usePair, type Side } from "../media/pair";
import { Failure } from "../shell/Failure";
import { aligned, difference, matrixOf, normalised, type Cell, type Matrix } from "./confusion";
import { ConfusionMap } from "./ConfusionMap";
import { MatrixTable } from "./ConfusionTables";
import { NormButtons, useNorm, useNormText } from "./norm";
import "../styles/evaluation.css";

/** A larger matrix nobody reads as a table. */
const CLASSES_MAX = 30;

interface ConfusionDifferenceProps {
  sides: readonly Side[];
  name: string;
}

/** One run's matrix less another's, class by class of the same name. */
export function ConfusionDifference({ sides, name }: ConfusionDifferenceProps) {
  const { t } = useTranslation();
  const [a, b, choice] = usePair(sides, "−");
  const queries = useQueries({
    queries: [a, b].map(({ run, item }) => ({
      queryKey: ["confusion", run, item.file.sha256],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        fetchConfusion(run, item.file.sha256, signal),
      staleTime: Infinity,
      placeholderData: keepPreviousData,
    })),
  });
  const [first, second] = queries.map(({ data }) => data);
  const pair = useMemo(
    () => first && second && aligned(matrixOf(first), matrixOf(second)),
    [first, second],
  );
  const failed = queries.find((query) => query.isError);
  return (
    <section className="card media-section" aria-label={t("evaluation.difference")}>
      <header className="card-header">
        <h3>{t("evaluation.difference")}</h3>
        {choice}
      </header>
      <div className="evaluation-difference">
        {failed && <Failure error={failed.error!} onRetry={() => void failed.refetch()} />}
        {pair && <Difference pair={pair} name={name} names={[a.label, b.label]} />}
      </div>
    </section>
  );
}

interface DifferenceProps {
  pair: readonly [a: Matrix, b: Matrix];
  name: string;
  names: readonly [a: string, b: string];
}

function Difference({ pair: [a, b], name, names }: DifferenceProps) {
  const { t } = useTranslation();
  // Shares, because nothing says that both have seen as many samples.
  const [norm, setNorm] = useNorm("row");
  const plainText = useNormText(norm);
  const classes = a.labels.length;
  const sides = useMemo(() => [normalised(a, norm), normalised(b, norm)] as const, [a, b, norm]);
  const cells = useMemo(() => difference(sides[0], sides[1], classes), [sides, classes]);
  const most = cells.reduce((high, { value }) => Math.max(high, Math.abs(value)), 0);
  const end = most || 1;
  const range = useMemo<[number, number]>(() => [-end, end], [end]);
  const textOf = useMemo(() => signed(plainText), [plainText]);
  const valueOf = (side: readonly Cell[], row: number, column: number) =>
    side.find((cell) => cell.row === row && cell.column === column)?.value ?? 0;
  return (
    <>
      <div className="evaluation-bar">
        <NormButtons norm={norm} onNorm={setNorm} />
        {most === 0 && <span className="muted">{t("evaluation.equal")}</span>}
      </div>
      <ConfusionMap
        labels={a.labels}
        cells={cells}
        ramp={DIVERGING}
        range={range}
        middle={0}
        textOf={textOf}
        describe={(row, column) => {
          const [one, other] = [valueOf(sides[0], row, column), valueOf(sides[1], row, column)];
          return t("evaluation.cell_difference", {
            truth: a.labels[row],
            guess: a.labels[column],
            first: plainText(one),
            second: plainText(other),
            difference: textOf(one - other),
          });
        }}
        label={t("evaluation.difference_label", { name, first: names[0], second: names[1] })}
      />
      {classes <= CLASSES_MAX && <MatrixTable labels={a.labels} cells={cells} textOf={textOf} />}
    </>
  );
}

/** Return a writer that says of what is above zero that it is. */
function signed(textOf: (value: number) => string): (value: number) => string {
  return (value) => (value > 0 ? `+${textOf(value)}` : textOf(value));
}
