import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useMemo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { fetchTableRows, fetchText } from "../api/client";
import { PatchFiles } from "../patch/PatchFiles";
import { Failure } from "../shell/Failure";
import { changesBetween, tableLines } from "./lines";
import { usePair, type Side } from "./pair";

/** The server gives no more rows at once; later ones are not compared, and that is said. */
const ROWS_MAX = 1000;

interface LinesDifferenceProps {
  sides: readonly Side[];
  kind: "text" | "table";
  children?: ReactNode;
}

/** What two runs' texts or tables differ in, line by line or row by row. */
export function LinesDifference({ sides, kind, children }: LinesDifferenceProps) {
  const { t } = useTranslation();
  const [a, b, choice] = usePair(sides, "→");
  const queries = useQueries({
    queries: [a, b].map(({ run, item }) => ({
      queryKey: ["media-lines", run, item.file.sha256],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        kind === "text"
          ? (await fetchText(run, item.file.sha256, signal)).split("\n")
          : tableLines(await fetchTableRows(run, item.file.sha256, 0, ROWS_MAX, signal)),
      staleTime: Infinity,
      placeholderData: keepPreviousData,
    })),
  });
  const [before, after] = queries.map(({ data }) => data);
  const lines = useMemo(() => before && after && changesBetween(before, after), [before, after]);
  const failed = queries.find((query) => query.isError);
  const count = (sign: "added" | "removed") =>
    lines?.filter((line) => line.kind === sign).length ?? 0;
  const isCut = kind === "table" && [a, b].some(({ item }) => item.height > ROWS_MAX);
  return (
    <section className="card media-section" aria-label={t("media.changes")}>
      <header className="card-header">
        <h3>{t("media.changes")}</h3>
        {choice}
        {children}
      </header>
      <div className="media-changes">
        {failed && <Failure error={failed.error!} onRetry={() => void failed.refetch()} />}
        {isCut && <p className="muted">{t("media.rows_cut", { count: ROWS_MAX })}</p>}
        {lines?.length === 0 && <p className="muted">{t("media.same")}</p>}
        {lines && lines.length > 0 && (
          <PatchFiles
            files={[
              {
                path: `${a.label} → ${b.label}`,
                note: null,
                added: count("added"),
                removed: count("removed"),
                lines,
              },
            ]}
          />
        )}
      </div>
    </section>
  );
}
