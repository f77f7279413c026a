import { memo, type CSSProperties } from "react";
import { useTranslation } from "react-i18next";

import type { ConsoleLine } from "../api/types";
import { useThemeName } from "../shell/useThemeName";
import { legible, marked, parseAnsi, type Rgb, type Span } from "./ansi";
import { LINE_PX } from "./scrolling";
import type { Place } from "./matches";

/** What the themes' surfaces are, for colours that programs mix themselves. */
const SURFACES: Readonly<Record<string, Rgb>> = { light: [255, 255, 255], dark: [27, 29, 32] };
const INKS: Readonly<Record<string, Rgb>> = { light: [28, 27, 25], dark: [233, 231, 226] };
/** More of a line than anybody reads; the download has all of it. */
const TEXT_MAX = 20_000;

// Making one for each line that is drawn takes longer than drawing it.
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hour12: false });
const whole = new Intl.NumberFormat("en-US");

const NOWHERE: readonly Place[] = [];

interface LineProps {
  number: number;
  line: ConsoleLine | undefined;
  /** At which step the run was when it was printed. */
  step: number | undefined;
  /** Where in it what is searched for is. */
  match: readonly Place[] | undefined;
  /** It is the match that was gone to, or where the cursor is pinned. */
  isCurrent: boolean;
  isPinned: boolean;
}

/** One line: its number, when it was printed, and what. Everything in it is text. */
export const Line = memo(function Line(props: LineProps) {
  const { number, line, step } = props;
  const { t } = useTranslation();
  const theme = useThemeName();
  const names = ["console-line"];
  if (props.match) names.push("is-match");
  if (props.isCurrent) names.push("is-current");
  if (props.isPinned) names.push("is-pinned");
  return (
    <div className={names.join(" ")} style={{ height: LINE_PX }} data-number={number}>
      <span className="console-number">{number + 1}</span>
      {line && (
        <>
          <span className="console-time">{clock.format(line.time_ns / 1e6)}</span>
          <span className="console-step">{step === undefined ? "" : whole.format(step)}</span>
          {line.channel === "stderr" && (
            <span className="console-stderr">{t("console.stderr")}</span>
          )}
          {line.rank > 0 && <span className="console-rank">{line.rank}</span>}
          <span className={line.partial ? "console-text console-partial" : "console-text"}>
            {marked(spansOf(line.text), props.match ?? NOWHERE).map((span, index) => {
              const Part = span.isMarked ? "mark" : "span";
              return (
                <Part key={index} className={span.className} style={styleOf(span, theme)}>
                  {span.text}
                </Part>
              );
            })}
          </span>
        </>
      )}
    </div>
  );
});

function spansOf(text: string): Span[] {
  return parseAnsi(text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text);
}

function styleOf(span: Span & { isMarked?: boolean }, theme: string): CSSProperties {
  if (span.isMarked || (!span.colour && !span.background)) return {};
  const ground = span.background ?? SURFACES[theme] ?? SURFACES["light"]!;
  const colour = legible(span.colour ?? INKS[theme] ?? INKS["light"]!, ground);
  return {
    color: css(colour),
    ...(span.background && { background: css(span.background) }),
  };
}

function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}
