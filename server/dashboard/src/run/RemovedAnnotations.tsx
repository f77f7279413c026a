import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Annotation, Run } from "../api/types";
import { useAnnotationChange } from "./AnnotationLine";

/** Annotations that went while the page was open, each with the way back. */
export function RemovedAnnotations({ run }: { run: Run }) {
  const { t } = useTranslation();
  const { annotations } = run;
  const [seen, setSeen] = useState<ReadonlyMap<string, Annotation>>(new Map());
  useEffect(() => {
    setSeen((before) => new Map([...before, ...annotations.map((one) => [one.id, one] as const)]));
  }, [annotations]);
  const change = useAnnotationChange(run.summary.id);
  const here = new Set(annotations.map((one) => one.id));
  const gone = [...seen.values()].filter((one) => !here.has(one.id));
  return gone.map(({ id, text }) => (
    <p key={id} className="annotation-gone" role="status">
      {t("annotate.removed")} <bdi>{text}</bdi>{" "}
      <button type="button" className="chip" onClick={() => change.mutate({ id, text })}>
        {t("bulk.undo")}
      </button>
    </p>
  ));
}
