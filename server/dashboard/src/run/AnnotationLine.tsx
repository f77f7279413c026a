import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { removeAnnotation, rewriteAnnotation } from "../api/client";
import type { Annotation } from "../api/types";
import { ANNOTATION_CHARS_MAX } from "../charts/foot/annotations";
import { formatX } from "../charts/axis";
import { isolated } from "../i18n";
import { formatDate } from "../list/columns";
import { Tool } from "../shell/Tool";
import { usePerson } from "../shell/usePerson";

/** What somebody wrote at a place of the run; it is changed and removed where it stands. */
export function AnnotationLine({ run, annotation }: { run: string; annotation: Annotation }) {
  const { t } = useTranslation();
  const { id, text, author, step, version, saved_ns } = annotation;
  const [typed, setTyped] = useState<string | null>(null);
  const change = useAnnotationChange(run);
  const save = () => {
    const next = typed?.trim() ?? "";
    if (next === "" || next === text) setTyped(null);
    else change.mutate({ id, text: next }, { onSuccess: () => setTyped(null) });
  };
  return (
    <>
      {typed === null ? (
        <bdi className="annotation-text">{text}</bdi>
      ) : (
        <input
          className="annotation-field"
          aria-label={t("annotate.text")}
          autoFocus
          maxLength={ANNOTATION_CHARS_MAX}
          value={typed}
          disabled={change.isPending}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={save}
          onKeyDown={(key) => {
            if (key.key === "Enter") save();
            if (key.key === "Escape") setTyped(null);
          }}
        />
      )}
      <small className="muted" title={formatDate(saved_ns)}>
        {[
          "",
          isolated(author),
          step === null ? "" : formatX(step, "step", true),
          version > 1 ? t("annotate.changed") : "",
        ]
          .filter((part, index) => index === 0 || part)
          .join(" · ")}
      </small>
      <span className="annotation-tools">
        <Tool icon="edit" label={t("annotate.edit", { text })} onClick={() => setTyped(text)} />
        <Tool
          icon="trash"
          label={t("annotate.remove", { text })}
          onClick={() => change.mutate({ id, text: null })}
        />
      </span>
      {change.error && (
        <p className="bad" role="alert">
          {change.error.message}
        </p>
      )}
    </>
  );
}

/** Changes what an annotation says; null removes it, and a text puts it back. */
export function useAnnotationChange(run: string) {
  const client = useQueryClient();
  const [author] = usePerson();
  return useMutation({
    mutationFn: ({ id, text }: { id: string; text: string | null }) =>
      text === null ? removeAnnotation(run, id, author) : rewriteAnnotation(run, id, text, author),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["run", run], exact: true }),
        client.invalidateQueries({ queryKey: ["moments"] }),
      ]),
  });
}
