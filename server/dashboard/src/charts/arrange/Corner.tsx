import { useRef } from "react";

import { SIZES, type Size } from "./layout";

/** Return the size of a card that reaches so far on a grid of columns that are so wide. */
export function sizeAt(width: number, column: number, gap: number): Size {
  const columns = Math.round((width + gap) / (column + gap));
  return SIZES[Math.min(Math.max(columns, 1), SIZES.length) - 1]!;
}

/** The corner that resizes a card, for the pointer: the menu of its handle has the sizes too. */
export function Corner({ size, onSize }: { size: Size; onSize: (size: Size) => void }) {
  const pulled = useRef<Size | null>(null);
  const end = (event: React.PointerEvent<HTMLElement>, isKept: boolean) => {
    const to = pulled.current;
    pulled.current = null;
    if (to === null) return;
    cellOf(event).dataset["size"] = isKept ? to : size;
    if (isKept && to !== size) onSize(to);
  };
  return (
    <span
      className="card-corner"
      aria-hidden="true"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        pulled.current = size;
      }}
      onPointerMove={(event) => {
        if (pulled.current === null) return;
        const cell = cellOf(event);
        const { columnGap, gridTemplateColumns } = getComputedStyle(cell.parentElement!);
        const column = Number.parseFloat(gridTemplateColumns);
        const width = event.clientX - cell.getBoundingClientRect().left;
        pulled.current = sizeAt(width, column, Number.parseFloat(columnGap));
        cell.dataset["size"] = pulled.current; // React hears of it at the end
      }}
      onPointerUp={(event) => end(event, true)}
      onPointerCancel={(event) => end(event, false)}
    />
  );
}

function cellOf(event: React.PointerEvent<HTMLElement>): HTMLElement {
  return event.currentTarget.closest<HTMLElement>(".cell")!;
}
