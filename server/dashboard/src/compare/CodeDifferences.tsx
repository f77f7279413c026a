import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { Run } from "../api/types";
import { differencesOf } from "../patch/between";
import { PatchFiles } from "../patch/PatchFiles";
import { gitOf } from "../run/facts";
import { CopyButton } from "../shell/CopyButton";

interface Version {
  commit: string;
  diff: string;
  names: string[];
}

/** What the code of the runs was, as far as it was not that of the baseline: commits and changes. */
export function CodeDifferences({ runs, baseline }: { runs: readonly Run[]; baseline: number }) {
  const { t } = useTranslation();
  const versions = versionsOf(runs, baseline);
  const [base, ...others] = versions;
  if (!base || others.length === 0) return null;
  return (
    <details className="section">
      <summary>
        <h2>{t("compare.patches")}</h2>
        <span className="muted">{others.length}</span>
      </summary>
      <div className="patches">
        {others.map((version) => (
          <Difference key={version.names.join()} base={base} version={version} />
        ))}
      </div>
    </details>
  );
}

function Difference({ base, version }: { base: Version; version: Version }) {
  const { t } = useTranslation();
  const files = useMemo(() => differencesOf(base.diff, version.diff), [base, version]);
  const areCommitsKnown = base.commit !== "" && version.commit !== "";
  const command = `git diff ${base.commit} ${version.commit}`;
  return (
    <figure>
      <figcaption>
        <b>{version.names.join(", ")}</b>{" "}
        <span className="muted">{t("compare.against", { names: base.names.join(", ") })}</span>
      </figcaption>
      {base.commit === version.commit ? (
        <p className="muted">{t("compare.same_commit")}</p>
      ) : areCommitsKnown ? (
        <p>
          {t("compare.other_commit")} <code>{base.commit.slice(0, 8)}</code> →{" "}
          <code>{version.commit.slice(0, 8)}</code> <CopyButton text={command} label="git diff" />
        </p>
      ) : (
        <p className="muted">{t("compare.unknown_commit")}</p>
      )}
      {files.length === 0 ? (
        <p className="muted">{t("compare.same_patch")}</p>
      ) : (
        <PatchFiles
          files={files.map((file) => ({
            ...file,
            note:
              file.in === "both"
                ? t("compare.changed_in_both")
                : file.in === "left"
                  ? t("compare.changed_there")
                  : t("compare.changed_here"),
          }))}
        />
      )}
    </figure>
  );
}

/** Return the versions of the code that the runs were made of, that of the baseline first. */
function versionsOf(runs: readonly Run[], baseline: number): Version[] {
  const versions = new Map<string, Version>();
  for (const run of [runs[baseline]!, ...runs.filter((_, at) => at !== baseline)]) {
    const { commit, diff } = gitOf(run);
    const key = `${commit}\n${diff}`;
    const version = versions.get(key) ?? { commit, diff, names: [] };
    version.names.push(run.summary.name);
    versions.set(key, version);
  }
  return [...versions.values()];
}
