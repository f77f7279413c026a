import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Tool } from "../shell/Tool";
import "../styles/tour.css";
import { placeBeside, STOPS, tour, type Box } from "./tour";

function elementOf(selector: string): Element | null {
  const element = document.querySelector(selector);
  return element && element.getClientRects().length > 0 ? element : null;
}

/**
 * What there is on the workspace, one thing after the other. The page stays usable meanwhile; what
 * is not on the screen, as on a narrow one, is left out.
 */
export function Tour() {
  const { t } = useTranslation();
  const [stops] = useState(() => STOPS.filter(({ selector }) => elementOf(selector)));
  const [at, setAt] = useState(0);
  const card = useRef<HTMLDivElement>(null);
  const [boxes, setBoxes] = useState<{ target: Box; left: number; top: number } | null>(null);
  const stop = stops[at];

  useEffect(() => {
    if (!stop) tour.end();
  }, [stop]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && tour.end();
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  useLayoutEffect(() => {
    const place = () => {
      const element = stop && elementOf(stop.selector);
      if (!element || !card.current) return setBoxes(null);
      const { left, top, width, height } = element.getBoundingClientRect();
      const target = { left, top, width, height };
      const { offsetWidth, offsetHeight } = card.current;
      const page = { width: window.innerWidth, height: window.innerHeight };
      const size = { width: offsetWidth, height: offsetHeight };
      setBoxes({ target, ...placeBeside(target, size, page) });
    };
    place();
    window.addEventListener("resize", place);
    document.addEventListener("scroll", place, true);
    return () => {
      window.removeEventListener("resize", place);
      document.removeEventListener("scroll", place, true);
    };
  }, [stop]);

  const isPlaced = boxes !== null; // what is hidden takes no focus
  useEffect(() => {
    if (isPlaced) card.current?.focus({ preventScroll: true });
  }, [stop, isPlaced]);

  if (!stop) return null;
  const isLast = at === stops.length - 1;
  return (
    <>
      {boxes && <div className="tour-mark" style={boxes.target} aria-hidden="true" />}
      <div
        ref={card}
        className="tour-card"
        role="dialog"
        aria-labelledby="tour-title"
        aria-describedby="tour-text"
        tabIndex={-1}
        style={boxes ? { left: boxes.left, top: boxes.top } : { visibility: "hidden" }}
      >
        <header>
          <h2 id="tour-title">{t(`tour.${stop.name}`)}</h2>
          <Tool icon="close" label={t("tour.skip")} onClick={tour.end} />
        </header>
        <p id="tour-text">{t(`tour.${stop.name}_text`)}</p>
        <footer>
          <span className="muted">{t("tour.at", { at: at + 1, count: stops.length })}</span>
          {at > 0 && (
            <button type="button" className="chip" onClick={() => setAt(at - 1)}>
              {t("tour.back")}
            </button>
          )}
          <button
            type="button"
            className="chip is-on"
            onClick={() => (isLast ? tour.end() : setAt(at + 1))}
          >
            {isLast ? t("tour.end") : t("tour.next")}
          </button>
        </footer>
      </div>
    </>
  );
}
