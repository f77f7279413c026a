import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Field } from "../charts/exports/csv";
import { Icon } from "../shell/Icon";

/** The numbers of a picture, below a row that names them. */
export type Rows = readonly (readonly Field[])[];

interface FigureProps {
  /** What the picture is called, and the file. */
  title: string;
  className?: string;
  rows?: () => Rows;
  children: ReactNode;
}

const KINDS = ["png", "svg", "csv"] as const;
type Kind = (typeof KINDS)[number];

/** A picture with what belongs to it, which can be taken out of the page: as it is seen, or its numbers. */
export function Figure({ title, className = "", rows, children }: FigureProps) {
  const { t } = useTranslation();
  const figure = useRef<HTMLDivElement>(null);
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [said, setSaid] = useState("");
  const choose = async (kind: Kind) => {
    setAnchor(null);
    try {
      await save(kind, figure.current!, title, rows);
      setSaid("");
    } catch (error) {
      setSaid(t("chart.export_failed", { reason: String(error) }));
    }
  };
  return (
    <div ref={figure} className={`picture ${className}`}>
      {children}
      <div className="picture-tools" data-left-out>
        {said && <span role="alert">{said}</span>}
        <button
          type="button"
          className="tool"
          aria-label={t("picture.export", { title })}
          title={t("chart.export")}
          aria-haspopup="menu"
          aria-expanded={anchor !== null}
          onClick={(click) => setAnchor(click.currentTarget)}
        >
          <Icon name="download" />
        </button>
        <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
          {KINDS.filter((kind) => kind !== "csv" || rows).map((kind) => (
            <MenuItem key={kind} onClick={() => void choose(kind)}>
              {t(kind === "csv" ? "picture.export_csv" : `chart.export_${kind}`)}
            </MenuItem>
          ))}
        </Menu>
      </div>
    </div>
  );
}

/** What makes the files is fetched by the first who wants one. */
async function save(
  kind: Kind,
  figure: HTMLElement,
  title: string,
  rows: FigureProps["rows"],
): Promise<void> {
  const { csvOf, download, fileName, pngOf } = await import("../charts/exports");
  const name = fileName(title, kind);
  if (kind === "csv")
    return download(new Blob([csvOf(rows?.() ?? [])], { type: "text/csv" }), name);
  const { svgOf } = await import("./svg");
  const { svg, width, height } = svgOf(figure, title);
  download(
    kind === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await pngOf(svg, width, height),
    name,
  );
}
