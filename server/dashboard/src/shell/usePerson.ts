import { useState } from "react";

import { useStored } from "./useStored";

/** How this person is called, as this browser remembers it; "" before it was told. */
export function usePerson() {
  return useStored("mltrack.person", "");
}

/** Who signs what a form sends. */
export interface Author {
  /** As it is typed. */
  text: string;
  setText: (text: string) => void;
  name: string;
  /** Sign everything with this name from now on. */
  keep: () => void;
}

/** The name of this person, which a form may change. */
export function useAuthor(): Author {
  const [person, setPerson] = usePerson();
  const [text, setText] = useState(person);
  const name = text.trim();
  return { text, setText, name, keep: () => setPerson(name) };
}
