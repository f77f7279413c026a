import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { highlight } from "../charts/highlight";
import { useScope } from "./scope";

/** The runs that the charts draw, in their colours. */
export function Legend() {
  const { t } = useTranslation();
  const { drawn, total } = useScope();
  if (drawn.length === 0) return null;
  return (
    <details className="board-legend">
      <summary>
        {drawn.length < total
          ? t("board.drawn_of", { drawn: drawn.length, total })
          : t("list.shown", { count: total })}
      </summary>
      <ul>
        {drawn.map(({ id, label, style }) => (
          <li
            key={id}
            onMouseEnter={() => highlight.set(id)}
            onMouseLeave={() => highlight.set(null)}
          >
            <svg width="18" height="8" aria-hidden="true">
              <path
                d="M0 4h18"
                stroke={`var(${style.colour})`}
                strokeWidth="3"
                strokeDasharray={style.dash.join(" ")}
              />
            </svg>
            <Link href={`/r/${id}`}>{label}</Link>
          </li>
        ))}
      </ul>
    </details>
  );
}
