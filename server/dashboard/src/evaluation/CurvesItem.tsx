import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { fetchCurves } from "../api/client";
import type { Curves, MediaItem } from "../api/types";
import { styleOf } from "../charts/colours";
import { Failure } from "../shell/Failure";
import { CurvePlot } from "./CurvePlot";
import { drawnOf, firstShown, meanArea, type CurveKind } from "./curves";
import "../styles/evaluation.css";

/** Of more curves nobody can tell one from another. */
const SHOWN_MAX = 12;

interface CurvesItemProps {
  run: string;
  item: MediaItem;
  kind: CurveKind;
  name: string;
}

/** The curves of one item, of one class or of each against the others. */
export function CurvesItem({ run, item, kind, name }: CurvesItemProps) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ["curves", run, item.file.sha256],
    queryFn: ({ signal }) => fetchCurves(run, item.file.sha256, signal),
    staleTime: Infinity,
    placeholderData: keepPreviousData, // a slider that moves is not to make it blink
  });
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <p className="muted">{t("loading")}</p>;
  return <Shown found={query.data} kind={kind} name={item.caption || name} />;
}

function Shown({ found, kind, name }: { found: Curves; kind: CurveKind; name: string }) {
  const { t } = useTranslation();
  const curves = useMemo(
    () =>
      found.curves.map((curve, at) =>
        drawnOf(kind, curve, String(at), curve.label || t("evaluation.positive"), styleOf(at)),
      ),
    [found, kind, t],
  );
  // What was switched by hand; the others are as they are at first, at each step anew.
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const hidden = useMemo(() => {
    const first = firstShown(curves, SHOWN_MAX);
    return new Set(curves.flatMap(({ key }) => (first.has(key) === toggled.has(key) ? [key] : [])));
  }, [curves, toggled]);
  const toggle = (key: string) => {
    const next = new Set(toggled);
    if (!next.delete(key)) next.add(key);
    setToggled(next);
  };
  const mean = meanArea(curves);
  return (
    <>
      {curves.length > 1 && mean !== null && (
        <div className="evaluation-bar">
          <span className="muted">
            {t(`evaluation.${kind}_mean`, { area: mean.toFixed(4), classes: curves.length })}
            {curves.length > SHOWN_MAX &&
              ` · ${t("evaluation.worst_curves", { shown: SHOWN_MAX })}`}
          </span>
        </div>
      )}
      <CurvePlot
        kind={kind}
        curves={curves}
        hidden={hidden}
        onToggle={toggle}
        label={t(`evaluation.${kind}_label`, { name, count: curves.length - hidden.size })}
      />
    </>
  );
}
