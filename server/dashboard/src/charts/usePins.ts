// The pinned cursors of a page, which its address has: one set for charts, lanes and the console.

import { createContext, useCallback, useContext, useMemo } from "react";

import { useUrl } from "../shell/useUrl";
import type { Place } from "./cursor";
import { axisOf, parsePins, pinToggled, writePins, type Pin } from "./pins";

/** What makes a place on one axis a place on others; of several runs there is no such thing. */
export const Completion = createContext<(place: Place) => Place>((place) => place);

export interface Pins {
  pins: readonly Pin[];
  /** Where they are, on every axis on which that is known. */
  places: readonly Place[];
  /** Pin a cursor there, or take away the one that is there. */
  toggle: (pin: Pin) => void;
  /** Leave this pin, or none, as the only one. */
  put: (pin: Pin | null) => void;
}

export function usePins(): Pins {
  const [text, setText] = useUrl("at");
  const [xText] = useUrl("x");
  const complete = useContext(Completion);
  const x = axisOf(xText);
  const pins = useMemo(() => parsePins(text, x), [text, x]);
  const places = useMemo(() => pins.map((pin) => complete({ [pin.x]: pin.at })), [pins, complete]);
  const toggle = useCallback(
    (pin: Pin) => {
      const isThere = (other: Pin) => complete({ [other.x]: other.at })[pin.x] === pin.at;
      setText(writePins(pinToggled(pins, pin, isThere), x));
    },
    [pins, complete, setText, x],
  );
  const put = useCallback((pin: Pin | null) => setText(pin && writePins([pin], x)), [setText, x]);
  return useMemo(() => ({ pins, places, toggle, put }), [pins, places, toggle, put]);
}
