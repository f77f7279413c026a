import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { fetchRetention } from "../api/client";
import { formatBytes } from "../api/number";
import { CopyButton } from "../shell/CopyButton";
import { Failure } from "../shell/Failure";
import { useUrl } from "../shell/useUrl";

const RULES = ["keep_best", "keep_last", "every"] as const;
type Rules = Partial<Record<(typeof RULES)[number], number>>;

/** What rules of retention would make of a run's stored checkpoints; nothing is removed here. */
export function useRetention(id: string) {
  const [text, setText] = useUrl("keep");
  const rules: Rules = {};
  for (const part of text.split(",")) {
    const [, name, number] = /^(\w+):(\d{1,9})$/.exec(part) ?? [];
    const rule = RULES.find((each) => each === name);
    if (rule && Number(number) > 0) rules[rule] = Number(number);
  }
  const isAsked = Object.keys(rules).length > 0;
  const query = useQuery({
    queryKey: ["run", id, "retention", rules],
    queryFn: ({ signal }) => fetchRetention({ runs: [id], ...rules }, signal),
    enabled: isAsked,
  });
  const set = (rule: (typeof RULES)[number], value: number) => {
    const next = { ...rules, [rule]: value };
    setText(
      RULES.filter((each) => next[each])
        .map((each) => `${each}:${next[each]}`)
        .join(",") || null,
    );
  };
  const removed = new Set(
    isAsked
      ? (query.data?.items ?? [])
          .filter(({ kept_by }) => kept_by.length === 0)
          .map(({ checkpoint }) => checkpoint)
      : [],
  );
  return { rules, set, isAsked, query, removed };
}

/** Rules to try, and how much would go by them. */
export function RetentionPreview(props: {
  id: string;
  retention: ReturnType<typeof useRetention>;
}) {
  const { id, retention } = props;
  const { rules, set, isAsked, query, removed } = retention;
  const { t } = useTranslation();
  const options = RULES.filter((rule) => rules[rule]).map(
    (rule) => `--${rule.replace("_", "-")} ${rules[rule]}`,
  );
  const command = `mltrack checkpoints ${id.slice(0, 12)} ${options.join(" ")} --apply`;
  return (
    <details className="retention" open={isAsked}>
      <summary>{t("retention.title")}</summary>
      <p className="muted">{t("retention.what")}</p>
      <div className="toolbar">
        {RULES.map((rule) => (
          <label key={rule}>
            {t(`retention.${rule}`)}
            <input
              type="number"
              min={0}
              max={1_000_000}
              value={rules[rule] ?? ""}
              placeholder="–"
              onChange={(change) => set(rule, Math.max(0, Math.floor(Number(change.target.value))))}
            />
          </label>
        ))}
        {isAsked && query.data && (
          <>
            <b role="status">
              {t("retention.goes", {
                count: removed.size,
                bytes: formatBytes(query.data.bytes_freed),
              })}
            </b>
            {removed.size > 0 && <CopyButton label={t("retention.command")} text={command} />}
          </>
        )}
      </div>
      {query.error && <Failure error={query.error} onRetry={() => void query.refetch()} />}
    </details>
  );
}
