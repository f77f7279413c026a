// The marks at the foot of a chart: links below the axis, put where uPlot draws their places.

import i18next from "i18next";
import type uPlot from "uplot";

import { ink } from "../../shell/theme";
import type { ChartX } from "../axis";
import { gathered, signOf, type FootGroup, type FootMark } from "./marks";

/** How high they stand below the plot; the axis' labels begin under them. */
export const FOOT_PX = 14;
const DISTANCE_PX = 15;
const DISTANCE_COUNTED_PX = 24;
/** So many are read out beside one place. */
const TOLD_MAX = 8;

export class FootLayer {
  readonly element = document.createElement("div");
  private readonly told = document.createElement("div");
  // A chart is drawn anew all the time, and a mark that has the focus is to keep it.
  private shown = new Map<string, HTMLElement>();

  /** *onOpen* is told of the marks of a place that was clicked, and what was clicked. */
  constructor(private readonly onOpen: (marks: readonly FootMark[], element: HTMLElement) => void) {
    this.element.className = "foot";
    this.element.setAttribute("role", "group");
    this.told.className = "tooltip";
    this.told.hidden = true;
    this.element.append(this.told);
    this.element.addEventListener("keydown", this.onKey);
  }

  /** Show *marks* where they are in *plot*. */
  show(plot: uPlot, marks: readonly FootMark[], x: ChartX): void {
    const { clientWidth: width, clientHeight: height, offsetLeft, offsetTop } = plot.over;
    Object.assign(this.element.style, {
      left: `${offsetLeft}px`,
      top: `${offsetTop + height}px`,
      width: `${width}px`,
    });
    this.element.hidden = marks.length === 0;
    this.element.setAttribute("aria-label", i18next.t("view.foot"));
    const pixelOf = (at: number) => plot.valToPos(at, "x");
    const distance = marks.length > width / DISTANCE_PX ? DISTANCE_COUNTED_PX : DISTANCE_PX;
    const next = new Map<string, HTMLElement>();
    for (const group of gathered(marks, x, pixelOf, width, distance)) {
      const mark = this.shown.get(group.key) ?? this.markOf(group);
      mark.style.left = `${group.left}px`;
      mark.style.color = inkOf(group);
      if (!mark.isConnected) this.element.append(mark);
      next.set(group.key, mark);
    }
    for (const [key, mark] of this.shown) if (!next.has(key)) mark.remove();
    this.shown = next;
    // All of them are one stop of the tab key; arrows go from one to the next.
    const stop = [...next.values()].find((mark) => mark.tabIndex === 0) ?? [...next.values()][0];
    for (const mark of next.values()) mark.tabIndex = mark === stop ? 0 : -1;
  }

  private markOf(group: FootGroup): HTMLElement {
    const { marks } = group;
    const isOne = marks.length === 1;
    const mark: HTMLElement = document.createElement(isOne ? "a" : "button");
    if (mark instanceof HTMLAnchorElement) mark.href = marks[0]!.href;
    else mark.setAttribute("aria-haspopup", "menu");
    mark.className = `foot-mark is-${group.first.kind}`;
    mark.textContent = signOf(group);
    mark.setAttribute("aria-label", isOne ? marks[0]!.label : labelOf(marks));
    mark.tabIndex = -1;
    mark.addEventListener("click", (click: MouseEvent) => {
      if (isOne && (click.ctrlKey || click.metaKey || click.shiftKey)) return;
      click.preventDefault();
      this.told.hidden = true;
      this.onOpen(marks, mark);
    });
    for (const kind of ["mouseenter", "focus"])
      mark.addEventListener(kind, () => this.tell(mark, marks));
    for (const kind of ["mouseleave", "blur"])
      mark.addEventListener(kind, () => (this.told.hidden = true));
    return mark;
  }

  private tell(mark: HTMLElement, marks: readonly FootMark[]): void {
    const lines = marks.slice(0, TOLD_MAX).map(({ label, colour }) => {
      const line = document.createElement("div");
      line.className = "tooltip-row";
      const swatch = document.createElement("i");
      swatch.style.background = ink(colour);
      const text = document.createElement("span");
      text.className = "tooltip-label";
      text.textContent = label;
      line.append(swatch, text);
      return line;
    });
    if (marks.length > TOLD_MAX) {
      const more = document.createElement("div");
      more.textContent = i18next.t("foot.more", { count: marks.length - TOLD_MAX });
      lines.push(more);
    }
    this.told.replaceChildren(...lines);
    this.told.hidden = false;
    const isRight = mark.offsetLeft > this.element.clientWidth / 2;
    const left = isRight ? `calc(${mark.offsetLeft}px - 100%)` : `${mark.offsetLeft}px`;
    this.told.style.transform = `translate(${left}, calc(-100% - 4px))`;
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") this.told.hidden = true;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const marks = [...this.shown.values()].sort((a, b) => a.offsetLeft - b.offsetLeft);
    const next = marks[marks.indexOf(document.activeElement as HTMLElement) + by];
    if (!next) return;
    for (const mark of marks) mark.tabIndex = mark === next ? 0 : -1;
    next.focus();
  };
}

/** Return how many of which kinds there are, in words. */
function labelOf(marks: readonly FootMark[]): string {
  const counts = new Map<FootMark["kind"], number>();
  for (const { kind } of marks) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => i18next.t(`foot.count_${kind}`, { count })).join(", ");
}

/** An alert has the colour of how grave it is, other marks that of the run, of several that of text. */
function inkOf({ first, marks }: FootGroup): string {
  if (first.kind === "alert" && first.level !== "info")
    return ink(first.level === "error" ? "--bad" : "--warn");
  return ink(marks.every(({ run }) => run === first.run) ? first.colour : "--ink-2");
}
