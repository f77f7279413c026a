import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { highlight } from "../charts/highlight";
import { Swatch } from "../charts/Swatch";
import { DRAWN_DEFAULT, DRAWN_MAX } from "./document";
import { useScope } from "./scope";

/** The runs that the charts draw, in their colours; where these are not all, the way to the others. */
export function Legend({ onDrawnMax }: { onDrawnMax: (most: number) => void }) {
  const { t } = useTranslation();
  const { drawn, drawnMax, total } = useScope();
  if (drawn.length === 0) return null;
  return (
    <div className="board-drawn">
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
              <Swatch line={style} />
              <Link href={`/r/${id}`}>{label}</Link>
            </li>
          ))}
        </ul>
      </details>
      {drawn.length < total && drawnMax < DRAWN_MAX && (
        <button type="button" className="chip" onClick={() => onDrawnMax(DRAWN_MAX)}>
          {total > DRAWN_MAX ? t("list.draw_many", { count: DRAWN_MAX }) : t("list.draw_all")}
        </button>
      )}
      {drawnMax > DRAWN_DEFAULT && total > DRAWN_DEFAULT && (
        <button type="button" className="chip" onClick={() => onDrawnMax(DRAWN_DEFAULT)}>
          {t("board.draw_newest", { count: DRAWN_DEFAULT })}
        </button>
      )}
    </div>
  );
}
