import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import type { FootMark } from "./marks";

/** So many are offered; the others are found by zooming in. */
const OFFERED_MAX = 30;

/** Marks of one place, and what was clicked. */
export interface OpenFoot {
  marks: readonly FootMark[];
  anchor: HTMLElement;
}

/** What stands at one place of a chart's foot, each the way to where it is read on. */
export function FootMenu({ open, onClose }: { open: OpenFoot; onClose: () => void }) {
  const { t } = useTranslation();
  const { marks, anchor } = open;
  return (
    <Menu anchorEl={anchor} open onClose={onClose} className="foot-menu">
      {marks.slice(0, OFFERED_MAX).map((mark) => (
        <MenuItem key={mark.key} component={Link} href={mark.href} onClick={onClose}>
          {mark.label}
        </MenuItem>
      ))}
      {marks.length > OFFERED_MAX && (
        <MenuItem disabled>{t("foot.more", { count: marks.length - OFFERED_MAX })}</MenuItem>
      )}
    </Menu>
  );
}
