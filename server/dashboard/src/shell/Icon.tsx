// Our own icons: one path each, drawn with the text's colour on a 16-pixel grid.

const PATHS = {
  alert: "M8 2.2 14.5 13.5h-13zM8 6.5v3.2M8 11.4v.4",
  back: "M9.5 3.5 5 8l4.5 4.5",
  check: "M3 8.5 6.5 12 13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  columns: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
  copy: "M5.5 5.5h7.5v8H5.5zM10.5 5.5v-3H3v8h2.5",
  dot: "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6",
  down: "M4 6l4 4 4-4",
  compare: "M5.5 2.5v11M10.5 2.5v11M1.8 8h2.4M11.8 8h2.4",
  download: "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13.2h10",
  edit: "M3 13l.6-3L10.5 3l2.5 2.5-7 7zM9 4.5 11.5 7",
  folder: "M2 4.5h4l1.5 1.5H14v7H2z",
  grip: "M6 3.5v.1M6 8v.1M6 12.5v.1M10 3.5v.1M10 8v.1M10 12.5v.1",
  expand: "M9.5 2.5h4v4M13.5 2.5l-4.5 4.5M6.5 13.5h-4v-4M2.5 13.5 7 9",
  eye: "M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8M8 6.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6",
  keyboard: "M1.8 4.5h12.4v7.5H1.8zM4 7h.2M6.6 7h.2M9.2 7h.2M11.8 7h.2M4.5 9.5h7",
  language:
    "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M1.8 8h12.4M8 1.8c-4 4-4 8.4 0 12.4M8 1.8c4 4 4 8.4 0 12.4",
  log: "M2.5 2v11.5H14M5 11c.3-5 2.5-7 8-7.5",
  moon: "M13 9.8A5.6 5.6 0 0 1 6.2 3a5.6 5.6 0 1 0 6.8 6.8",
  only: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2M8 6.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6",
  pin: "M5.5 2.5h5l-.8 4.5 2.3 2.5H4l2.3-2.5zM8 9.5v4.3",
  plus: "M8 3v10M3 8h10",
  pulse: "M1.5 8.5h3L6.5 3l3 10 2-4.5h3",
  redo: "M13 3v4H9M12.6 7A5 5 0 1 0 13 9.5",
  question: "M5.8 6a2.3 2.3 0 1 1 3.4 2c-.9.5-1.2.9-1.2 1.9M8 12v.4",
  reset: "M3 3v4h4M3.4 7A5 5 0 1 1 3 9.5",
  right: "M6 4l4 4-4 4",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.4 10.4 14 14",
  skull: "M8 2a5 5 0 0 1 3 9v2.5H5V11a5 5 0 0 1 3-9M6 7.2v.6M10 7.2v.6M8 11.5v2",
  stop: "M4.5 4.5h7v7h-7z",
  sun: "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  system: "M2 3h12v8H2zM6 13.5h4",
  up: "M4 10l4-4 4 4",
  tag: "M2.5 2.5h5.2l6 6-5.2 5.2-6-6zM5.5 5.4v.1",
  trash: "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.6 9h5.8l.6-9M6.8 7v4M9.2 7v4",
  table: "M2.5 3h11v10h-11zM2.5 6.4h11M2.5 9.7h11M7 6.4V13",
} as const;

export type IconName = keyof typeof PATHS;

/** A decoration: what it means is said in text beside it or in its button's label. */
export function Icon({ name, className = "" }: { name: IconName; className?: string }) {
  return (
    <svg
      className={`icon ${className}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
