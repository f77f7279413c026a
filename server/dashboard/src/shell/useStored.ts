import { useCallback, useState } from "react";
import { kept } from "./kept";

/** State of this person on this browser; kept under *key*, *initial* until it is set. */
export function useStored<Value>(key: string, initial: Value): [Value, (value: Value) => void] {
  const [state, setState] = useState<{ key: string; value: Value }>(() => ({
    key,
    value: read(key, initial),
  }));
  const value = state.key === key ? state.value : read(key, initial);
  const set = useCallback(
    (next: Value) => {
      kept.set(key, JSON.stringify(next));
      setState({ key, value: next });
    },
    [key],
  );
  return [value, set];
}

function read<Value>(key: string, initial: Value): Value {
  try {
    const text = kept.get(key);
    const value: unknown = text === null ? initial : JSON.parse(text);
    const isAlike =
      typeof value === typeof initial && Array.isArray(value) === Array.isArray(initial);
    return isAlike ? (value as Value) : initial;
  } catch {
    return initial; // of another version
  }
}
