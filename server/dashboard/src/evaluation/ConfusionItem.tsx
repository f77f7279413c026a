import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { fetchConfusion } from "../api/client";
import type { MediaItem } from "../api/types";
import { SEQUENTIAL } from "../distributions/grid";
import { Failure } from "../shell/Failure";
import { accuracyOf, matrixOf, normalised, type Matrix } from "./confusion";
import { ConfusionMap } from "./ConfusionMap";
import { ConfusionTables } from "./ConfusionTables";
import { NormButtons, useNorm, useNormText } from "./norm";
import "../styles/evaluation.css";

interface ConfusionItemProps {
  run: string;
  item: MediaItem;
  name: string;
}

/** What a classifier took for what. */
export function ConfusionItem({ run, item, name }: ConfusionItemProps) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ["confusion", run, item.file.sha256],
    queryFn: ({ signal }) => fetchConfusion(run, item.file.sha256, signal),
    staleTime: Infinity,
    placeholderData: keepPreviousData, // a slider that moves is not to make it blink
  });
  const matrix = useMemo(() => query.data && matrixOf(query.data), [query.data]);
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!matrix) return <p className="muted">{t("loading")}</p>;
  return <Shown matrix={matrix} name={item.caption || name} />;
}

function Shown({ matrix, name }: { matrix: Matrix; name: string }) {
  const { t } = useTranslation();
  const [norm, setNorm] = useNorm("count");
  const textOf = useNormText(norm);
  const shareText = useNormText("row");
  const cells = useMemo(() => normalised(matrix, norm), [matrix, norm]);
  const range = useMemo<[number, number]>(
    () => [0, norm === "count" ? cells.reduce((most, { value }) => Math.max(most, value), 1) : 1],
    [cells, norm],
  );
  const counts = useMemo(
    () =>
      new Map(
        matrix.cells.map(({ row, column, value }) => [row * matrix.labels.length + column, value]),
      ),
    [matrix],
  );
  const describe = useCallback(
    (row: number, column: number) => {
      const count = counts.get(row * matrix.labels.length + column) ?? 0;
      const share = (of: number) => (of > 0 ? shareText(count / of) : "–");
      return t("evaluation.cell", {
        truth: matrix.labels[row],
        guess: matrix.labels[column],
        count: count.toLocaleString("en-US"),
        row: share(matrix.rowSums[row]!),
        column: share(matrix.columnSums[column]!),
      });
    },
    [counts, matrix, shareText, t],
  );
  const accuracy = accuracyOf(matrix);
  return (
    <>
      <div className="evaluation-bar">
        <NormButtons norm={norm} onNorm={setNorm} />
        <span className="muted">
          {t("evaluation.samples", {
            samples: matrix.total.toLocaleString("en-US"),
            classes: matrix.labels.length.toLocaleString("en-US"),
          })}
          {accuracy !== null && ` · ${t("evaluation.accuracy", { share: shareText(accuracy) })}`}
        </span>
      </div>
      <ConfusionMap
        labels={matrix.labels}
        cells={cells}
        ramp={SEQUENTIAL}
        range={range}
        middle={range[1] / 4}
        place={Math.sqrt /* a few mistakes are seen beside many hits */}
        textOf={textOf}
        describe={describe}
        label={t("evaluation.map_label", { name, classes: matrix.labels.length })}
      />
      <ConfusionTables matrix={matrix} cells={cells} textOf={textOf} />
    </>
  );
}
