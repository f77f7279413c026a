import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";

import { copyText } from "../shell/clipboard";
import { Icon } from "../shell/Icon";
import { ink } from "../shell/theme";
import type { Picture } from "./exports/svg";
import type { SeenChart } from "./seen";

const AddToBoard = lazy(() =>
  import("../boards/AddToBoard").then(({ AddToBoard }) => ({ default: AddToBoard })),
);

const CHOICES = ["png", "svg", "csv", "link"] as const;
type Choice = (typeof CHOICES)[number];

interface ExportMenuProps {
  picture: Omit<Picture, "ink">;
  link: () => string;
  /** What a dashboard is given of it; null where the chart is no page's own. */
  seen: SeenChart | null;
}

/** Takes a chart out of the page: as a picture, as its numbers, as a link, onto a dashboard. */
export function ExportMenu(props: ExportMenuProps) {
  const { t } = useTranslation();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [said, setSaid] = useState("");
  // As it was when the menu was opened: the page goes on below.
  const [added, setAdded] = useState<SeenChart | null>(null);
  const choose = async (choice: Choice) => {
    setAnchor(null);
    try {
      if (choice === "link") await copyText(props.link());
      else await save(choice, props.picture);
      setSaid(choice === "link" ? t("copied") : "");
    } catch (error) {
      setSaid(t("chart.export_failed", { reason: String(error) }));
    }
  };
  return (
    <>
      <button
        type="button"
        className="tool"
        aria-label={t("chart.export")}
        title={t("chart.export")}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(click) => {
          setSaid("");
          setAnchor(click.currentTarget);
        }}
      >
        <Icon name="download" />
      </button>
      <span className="export-said" role="status">
        {said}
      </span>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {CHOICES.map((choice) => (
          <MenuItem key={choice} onClick={() => void choose(choice)}>
            {t(`chart.export_${choice}`)}
          </MenuItem>
        ))}
        {props.seen && (
          <MenuItem
            onClick={() => {
              setAnchor(null);
              setAdded(props.seen);
            }}
          >
            {t("board.add_chart")}
          </MenuItem>
        )}
      </Menu>
      {added && (
        <Suspense>
          <AddToBoard chart={added} onClose={() => setAdded(null)} />
        </Suspense>
      )}
    </>
  );
}

/** What makes the files is fetched by the first who wants one. */
async function save(kind: Exclude<Choice, "link">, drawn: Omit<Picture, "ink">): Promise<void> {
  const { chartCsv, chartSvg, download, fileName, heightOf, pngOf, WIDTH } =
    await import("./exports");
  const name = fileName(drawn.title, kind);
  if (kind === "csv")
    return download(new Blob([chartCsv(drawn.lines, drawn.x)], { type: "text/csv" }), name);
  const svg = chartSvg({ ...drawn, ink });
  const named = drawn.lines.filter(({ track }) => !track.isSuperseded);
  download(
    kind === "svg"
      ? new Blob([svg], { type: "image/svg+xml" })
      : await pngOf(svg, WIDTH, heightOf(named.length)),
    name,
  );
}
