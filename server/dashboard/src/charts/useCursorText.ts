import { useEffect, useRef, type RefObject } from "react";

import { cursor, type Place } from "./cursor";

/** An element whose text says what *describe* says of the cursor, without rendering the page. */
export function useCursorText<Kind extends HTMLElement>(
  describe: (place: Place | null) => string,
): RefObject<Kind | null> {
  const element = useRef<Kind>(null);
  useEffect(() => {
    const write = () => {
      if (element.current) element.current.textContent = describe(cursor.get());
    };
    write();
    return cursor.onChange(write);
  }, [describe]);
  return element;
}
