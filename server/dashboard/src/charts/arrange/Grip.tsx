import Divider from "@mui/material/Divider";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Icon } from "../../shell/Icon";
import { carry } from "./drag";
import { placed, SIZES, spotBy, type Size, type Spot } from "./layout";

/** Something of what was arranged that the menu takes back. */
export type WayBack = readonly [label: string, go: () => void];

interface GripProps {
  name: string;
  /** What it is called. */
  label: string;
  /** All that are seen, itself included, in their order. */
  siblings: readonly string[];
  onMove: (to: Spot) => void;
  /** Told where it has come to, in words: others see it. */
  onSay: (text: string) => void;
  /** Of a card. */
  size?: Size;
  onSize?: (size: Size) => void;
  back: readonly WayBack[];
}

const ENDS: Readonly<Record<string, number>> = { Home: -Infinity, End: Infinity };

/**
 * The handle of a card or section: it is dragged, arrow keys move it, and what it is clicked for
 * has the rest in a menu, so that nobody needs a steady hand.
 */
export function Grip(props: GripProps) {
  const { name, label, siblings } = props;
  const { t } = useTranslation();
  const button = useRef<HTMLButtonElement>(null);
  const isFollowed = useRef(false);
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const at = siblings.indexOf(name);
  const onMove = (to: Spot) => {
    const next = placed(siblings, name, to);
    const place = next.indexOf(name) + 1;
    props.onSay(t("arrange.placed", { name: label, place, count: next.length }));
    props.onMove(to);
  };
  useLayoutEffect(() => {
    if (!isFollowed.current) return;
    // An element that is put elsewhere loses the focus.
    isFollowed.current = false;
    button.current?.focus({ preventScroll: true });
    button.current?.closest("[data-arranged]")?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const moveBy = (by: number) => {
    const to = spotBy(siblings, name, by);
    if (!to) return;
    isFollowed.current = true;
    onMove(to);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || anchor) return;
    const row = columnsOf(button.current!);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, ...ENDS };
    const by = (steps as Record<string, number | undefined>)[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // the page has arrow keys of its own
    moveBy(by);
  };
  const item = (text: string, act: () => void, isOff = false): ReactNode => (
    <MenuItem
      key={text}
      disabled={isOff}
      onClick={() => {
        setAnchor(null);
        act();
      }}
    >
      {text}
    </MenuItem>
  );
  const [isFirst, isLast] = [at === 0, at === siblings.length - 1];
  return (
    <>
      <button
        ref={button}
        type="button"
        className="tool grip"
        aria-label={t("arrange.grip", { name: label })}
        title={t("arrange.hint")}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onPointerDown={(event) => {
          const moved = event.currentTarget.closest<HTMLElement>("[data-arranged]");
          if (event.button === 0 && moved) carry(event.nativeEvent, moved, onMove);
        }}
        onKeyDown={onKeyDown}
        onClick={(click) => setAnchor(click.currentTarget)}
      >
        <Icon name="grip" />
      </button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {props.onSize &&
          SIZES.map((size) => (
            <MenuItem
              key={size}
              role="menuitemradio"
              aria-checked={size === props.size}
              selected={size === props.size}
              onClick={() => {
                setAnchor(null);
                props.onSize?.(size);
              }}
            >
              {t(`arrange.${size}`)}
            </MenuItem>
          ))}
        {props.onSize && <Divider />}
        {item(t("arrange.earlier"), () => moveBy(-1), isFirst)}
        {item(t("arrange.later"), () => moveBy(1), isLast)}
        {item(t("arrange.first"), () => moveBy(-Infinity), isFirst)}
        {item(t("arrange.last"), () => moveBy(Infinity), isLast)}
        {props.back.length > 0 && <Divider />}
        {props.back.map(([text, go]) => item(text, go))}
      </Menu>
    </>
  );
}

/** Return how many cards stand in a row; sections stand below each other. */
function columnsOf(grip: HTMLElement): number {
  const cards = grip.closest(".cards");
  return cards ? getComputedStyle(cards).gridTemplateColumns.split(" ").length : 1;
}
