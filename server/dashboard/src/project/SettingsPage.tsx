import Button from "@mui/material/Button";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { fetchKeys, fetchRules, previewRules, saveRules } from "../api/client";
import type { ProjectRules, RulesEdit } from "../api/types";
import { directionOf } from "../series/metrics";
import { Failure } from "../shell/Failure";
import { useTitle } from "../shell/useTitle";
import {
  DETAILS,
  draftOf,
  editOf,
  fits,
  metricsOf,
  patternsOf,
  pricesOf,
  type Draft,
} from "./rules";
import { ThinningPreview } from "./ThinningPreview";
import "../styles/settings.css";

/** So many names that would be flagged are listed. */
const NAMED_MAX = 50;
/** The API's bound on keys in one answer. */
const KEYS_MAX = 1000;

/** What people want of a project's runs: how metrics are called, and how much of old runs stays. */
export function SettingsPage({ project }: { project: string }) {
  const { t } = useTranslation();
  const [version, setVersion] = useState<number | null>(null); // null: the one that counts
  useTitle(`${t("page.settings")} · ${project}`);
  const latest = useQuery({
    queryKey: ["rules", project, null],
    queryFn: ({ signal }) => fetchRules(project, null, signal),
  });
  const shown = useQuery({
    queryKey: ["rules", project, version],
    queryFn: ({ signal }) => fetchRules(project, version, signal),
    placeholderData: keepPreviousData,
  });
  const error = latest.error ?? shown.error;
  if (error) return <Failure error={error} onRetry={() => void latest.refetch()} />;
  if (!latest.data || !shown.data) return <div className="page-loading">{t("loading")}</div>;
  return (
    <div className="settings">
      <h1>{t("settings.title", { project })}</h1>
      <p className="muted">{t("settings.lead")}</p>
      <Versions latest={latest.data} shown={shown.data} onChoose={setVersion} />
      <RulesForm
        key={`${shown.data.version} ${latest.data.version}`}
        project={project}
        rules={shown.data}
        isOld={shown.data.version !== latest.data.version}
        onSaved={() => setVersion(null)}
      />
    </div>
  );
}

function Versions(props: {
  latest: ProjectRules;
  shown: ProjectRules;
  onChoose: (version: number | null) => void;
}) {
  const { latest, shown, onChoose } = props;
  const { t } = useTranslation();
  if (latest.version === 0) return <p>{t("settings.none_yet")}</p>;
  const numbers = Array.from({ length: latest.version }, (_, at) => latest.version - at);
  return (
    <p className="settings-version">
      <label>
        {t("settings.version")}{" "}
        <select
          value={shown.version}
          onChange={(change) => {
            const number = Number(change.target.value);
            onChoose(number === latest.version ? null : number);
          }}
        >
          {numbers.map((number) => (
            <option key={number} value={number}>
              {number === latest.version ? t("settings.current", { number }) : number}
            </option>
          ))}
        </select>
      </label>{" "}
      {shown.set_ns !== null && (
        <span className="muted">
          {t("settings.set", { time: new Date(shown.set_ns / 1e6).toLocaleString() })}
        </span>
      )}
    </p>
  );
}

function RulesForm(props: {
  project: string;
  rules: ProjectRules;
  isOld: boolean;
  onSaved: () => void;
}) {
  const { project, rules, isOld, onSaved } = props;
  const { t } = useTranslation();
  const client = useQueryClient();
  const before = draftOf(rules);
  const [draft, setDraft] = useState<Draft>(before);
  const edit = editOf(project, draft);
  const isChanged = isOld || JSON.stringify(draft) !== JSON.stringify(before);
  // As text: an object is another one at every render.
  const asked = useDeferredValue(edit?.detail === "full" ? "" : JSON.stringify(edit ?? ""));
  const plan = useQuery({
    queryKey: ["thinning", asked],
    queryFn: ({ signal }) => previewRules(JSON.parse(asked) as RulesEdit, signal),
    enabled: asked.startsWith("{"),
    placeholderData: keepPreviousData,
  });
  const save = useMutation({
    mutationFn: saveRules,
    onSuccess: (saved) => {
      client.setQueryData(["rules", project, null], saved);
      void client.invalidateQueries({ queryKey: ["rules", project] });
      void client.invalidateQueries({ queryKey: ["projects"] });
      onSaved();
    },
  });
  const put = (change: Partial<Draft>) => {
    save.reset();
    setDraft({ ...draft, ...change });
  };
  return (
    <form
      onSubmit={(submit) => {
        submit.preventDefault();
        if (edit && isChanged) save.mutate(edit);
      }}
    >
      <section aria-labelledby="settings-headline">
        <h2 id="settings-headline">{t("settings.headline")}</h2>
        <p className="muted">{t("settings.headline_hint")}</p>
        <div className="settings-fields">
          <label>
            {t("settings.headline_metric")}
            <input
              list="settings-metrics"
              value={draft.headline}
              placeholder={t("settings.headline_auto")}
              maxLength={1024}
              spellCheck={false}
              onChange={(change) => put({ headline: change.target.value })}
            />
            <MetricOptions id="settings-metrics" project={project} />
          </label>
          {draft.headline.trim() !== "" && (
            <label>
              {t("settings.better")}
              <select
                value={draft.better}
                onChange={(change) => put({ better: change.target.value as Draft["better"] })}
              >
                <option value="">{t(autoKey(draft.headline.trim()))}</option>
                <option value="min">↓ {t("settings.better_min")}</option>
                <option value="max">↑ {t("settings.better_max")}</option>
              </select>
            </label>
          )}
        </div>
      </section>
      <section aria-labelledby="settings-names">
        <h2 id="settings-names">{t("settings.names")}</h2>
        <p className="muted">{t("settings.names_hint")}</p>
        <div className="settings-columns">
          <textarea
            aria-label={t("settings.patterns")}
            placeholder={"train/*\nval/*"}
            spellCheck={false}
            rows={Math.min(20, Math.max(6, draft.patterns.split("\n").length + 1))}
            value={draft.patterns}
            onChange={(change) => put({ patterns: change.target.value })}
          />
          <Flagged project={project} patterns={patternsOf(draft.patterns)} />
        </div>
      </section>
      <section aria-labelledby="settings-detail">
        <h2 id="settings-detail">{t("settings.detail")}</h2>
        <div className="settings-fields">
          <label>
            {t("settings.keep_of_old")}
            <select
              value={draft.detail}
              onChange={(change) => put({ detail: change.target.value as Draft["detail"] })}
            >
              {DETAILS.map((detail) => (
                <option key={detail} value={detail}>
                  {t(`settings.${detail}`)}
                </option>
              ))}
            </select>
          </label>
          {draft.detail !== "full" && (
            <>
              <label>
                {t("settings.after_days")}
                <input
                  inputMode="numeric"
                  value={draft.afterDays}
                  aria-invalid={edit === null}
                  onChange={(change) => put({ afterDays: change.target.value })}
                />
              </label>
              <label>
                {t("settings.keep")}
                <input
                  value={draft.keep}
                  placeholder='tags has "paper"'
                  spellCheck={false}
                  onChange={(change) => put({ keep: change.target.value })}
                />
              </label>
            </>
          )}
        </div>
        {draft.detail !== "full" && (
          <ThinningPreview plan={plan.data} error={plan.error} isOld={plan.isPlaceholderData} />
        )}
      </section>
      <Prices draft={draft} onChange={put} />
      <p className="settings-save">
        <Button
          type="submit"
          variant="contained"
          size="small"
          disabled={!edit || !isChanged || save.isPending}
        >
          {t("list.edit_save")}
        </Button>
        {isChanged && !isOld && (
          <button type="button" className="chip" onClick={() => setDraft(before)}>
            {t("list.edit_cancel")}
          </button>
        )}
        {isOld && <span className="muted">{t("settings.old_hint")}</span>}
        {save.error && (
          <span className="bad" role="alert">
            {save.error.message}
          </span>
        )}
      </p>
    </form>
  );
}

/** What an hour of a device costs. */
function Prices(props: { draft: Draft; onChange: (change: Partial<Draft>) => void }) {
  const { draft, onChange } = props;
  const { t } = useTranslation();
  const wrong = pricesOf(draft.prices).find((price) => typeof price === "number");
  return (
    <section aria-labelledby="settings-prices">
      <h2 id="settings-prices">{t("settings.prices")}</h2>
      <p className="muted">{t("settings.prices_hint")}</p>
      <div className="settings-columns">
        <textarea
          aria-label={t("settings.price_lines")}
          placeholder={"*A100* 1.90\nhost 0.12"}
          spellCheck={false}
          rows={Math.max(3, draft.prices.split("\n").length + 1)}
          aria-invalid={wrong !== undefined}
          value={draft.prices}
          onChange={(change) => onChange({ prices: change.target.value })}
        />
        <div className="settings-fields">
          <label>
            {t("settings.currency")}
            <input
              value={draft.currency}
              maxLength={16}
              onChange={(change) => onChange({ currency: change.target.value })}
            />
          </label>
        </div>
      </div>
      {wrong !== undefined && (
        <p className="bad" role="status">
          {t("settings.price_wrong", { line: wrong })}
        </p>
      )}
    </section>
  );
}

/** What is said of a metric's direction where the project says nothing. */
function autoKey(name: string) {
  return `settings.better_auto_${directionOf(name) ?? "unknown"}` as const;
}

function useMetricKeys(project: string) {
  return useQuery({
    queryKey: ["metric-keys", project],
    queryFn: ({ signal }) => fetchKeys(project, "metrics", KEYS_MAX, signal),
  });
}

function MetricOptions({ id, project }: { id: string; project: string }) {
  const { data } = useMetricKeys(project);
  return (
    <datalist id={id}>
      {metricsOf(data?.keys ?? []).map(({ name }) => (
        <option key={name} value={name} />
      ))}
    </datalist>
  );
}

/** The metrics whose names fit none of *patterns*: what would be flagged, and in how many runs. */
function Flagged({ project, patterns }: { project: string; patterns: readonly string[] }) {
  const { t } = useTranslation();
  const keys = useMetricKeys(project);
  const metrics = useMemo(() => metricsOf(keys.data?.keys ?? []), [keys.data]);
  const flagged = useMemo(
    () => (patterns.length === 0 ? [] : metrics.filter(({ name }) => !fits(name, patterns))),
    [metrics, patterns],
  );
  if (!keys.data) return <p className="muted">{keys.error?.message ?? t("loading")}</p>;
  return (
    <div className="settings-flagged" role="status">
      <p>
        {patterns.length === 0
          ? t("settings.any_name", { count: metrics.length })
          : flagged.length === 0
            ? t("settings.all_fit", { count: metrics.length })
            : t("settings.flagged", { count: flagged.length, total: metrics.length })}
        {keys.data.has_more && ` ${t("settings.more_metrics", { count: metrics.length })}`}
      </p>
      <ul>
        {flagged.slice(0, NAMED_MAX).map(({ name, runs }) => (
          <li key={name}>
            <code>{name}</code> <span className="muted">{t("list.shown", { count: runs })}</span>
          </li>
        ))}
        {flagged.length > NAMED_MAX && (
          <li className="muted">{t("bulk.more", { count: flagged.length - NAMED_MAX })}</li>
        )}
      </ul>
    </div>
  );
}
