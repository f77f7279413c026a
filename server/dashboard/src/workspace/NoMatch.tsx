import { useQueries } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { queryRuns } from "../api/client";
import { termsOf, withoutTerm } from "../list/filterText";
import { Icon } from "../shell/Icon";

/** Of more conditions than this the first are counted. */
const TERMS_MAX = 8;

/** Why a filter finds no run: what each of its conditions takes away, and what is there without it. */
export function NoMatch(props: {
  project: string;
  filter: string;
  onFilter: (filter: string | null) => void;
}) {
  const { project, filter, onFilter } = props;
  const { t } = useTranslation();
  const terms = termsOf(filter).slice(0, TERMS_MAX);
  const rests = terms.map((_, at) => withoutTerm(filter, at));
  const questions = ["", ...terms, ...rests];
  const counts = useQueries({
    queries: questions.map((q) => ({
      queryKey: ["count", project, q],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        queryRuns({ project, q, limit: 1, fields: "" }, signal).then(({ total }) => total),
    })),
    combine: (answers) => answers.map(({ data }) => data),
  });
  const all = counts[0];
  return (
    <div className="no-match" role="status">
      <p>
        {t("list.no_match", { filter })}{" "}
        <button type="button" className="chip" onClick={() => onFilter(null)}>
          {t("list.clear_filter")}
        </button>
      </p>
      {terms.length > 1 && (
        <ul>
          {terms.map((term, at) => {
            const [alone, without] = [counts[1 + at], counts[1 + terms.length + at]];
            return (
              <li key={`${at} ${term}`}>
                <code>{term}</code>{" "}
                {all !== undefined && alone !== undefined && (
                  <span>{t("list.term_removes", { count: all - alone, total: all })}</span>
                )}{" "}
                <button type="button" className="chip" onClick={() => onFilter(rests[at]!)}>
                  <Icon name="close" />{" "}
                  {without === undefined
                    ? t("list.drop_term")
                    : t("list.drop_term_count", { count: without })}
                </button>
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}
