// Checkpoints on a chart: plain links over the canvas, put where uPlot draws their places.

import type uPlot from "uplot";

import type { ChartX } from "./axis";

/** Something that happened at a place of a chart, and where to read on. */
export interface Flag {
  id: string;
  /** Where it is on each axis on which that is known. */
  place: Partial<Record<ChartX, number>>;
  value: number | null; // null: it stands on the axis
  isBest: boolean;
  label: string;
  href: string;
}

export class FlagLayer {
  readonly element = document.createElement("div");
  // A chart is drawn anew all the time, and a link that has the focus is to keep it.
  private links = new Map<Flag, HTMLElement>();

  /** *onOpen* is told of a flag that was clicked. */
  constructor(private readonly onOpen: (flag: Flag) => void) {
    this.element.className = "flags";
  }

  /** Show *flags* where they are in *plot*; those outside of it, or without a place, are left out. */
  show(plot: uPlot, flags: readonly Flag[], x: ChartX): void {
    const { clientWidth: width, clientHeight: height, offsetLeft, offsetTop } = plot.over;
    Object.assign(this.element.style, {
      left: `${offsetLeft}px`,
      top: `${offsetTop}px`,
      width: `${width}px`,
      height: `${height}px`,
    });
    const links = new Map<Flag, HTMLElement>();
    for (const flag of flags) {
      const at = flag.place[x];
      const left = at === undefined ? NaN : plot.valToPos(at, "x");
      if (!(left >= 0 && left <= width)) continue;
      const top = flag.value === null ? height : plot.valToPos(flag.value, "y");
      const link = this.links.get(flag) ?? this.linkTo(flag);
      link.style.left = `${left}px`;
      link.style.top = `${Math.min(height, Math.max(0, Number.isFinite(top) ? top : height))}px`;
      if (!link.isConnected) this.element.append(link);
      links.set(flag, link);
    }
    for (const [flag, link] of this.links) if (!links.has(flag)) link.remove();
    this.links = links;
  }

  private linkTo(flag: Flag): HTMLElement {
    const link = document.createElement("a");
    link.className = flag.isBest ? "flag is-best" : "flag";
    link.href = flag.href;
    link.title = flag.label;
    link.setAttribute("aria-label", flag.label);
    // A drag over the chart begins beside its flags.
    link.addEventListener("mousedown", (event) => event.stopPropagation());
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.onOpen(flag);
    });
    return link;
  }
}
