import { useCallback, useState } from "react";

/** State of this person on this browser; kept under *key*, *initial* until it is set. */
export function useStored<Value>(key: string, initial: Value): [Value, (value: Value) => void] {
  const [state, setState] = useState<{ key: string; value: Value }>(() => ({
    key,
    value: read(key, initial),
  }));
  const value = state.key === key ? state.value : read(key, initial);
  const set = useCallback(
    (next: Value) => {
      localStorage.setItem(key, JSON.stringify(next));
      setState({ key, value: next });
    },
    [key],
  );
  return [value, set];
}

function read<Value>(key: string, initial: Value): Value {
  try {
    const text = localStorage.getItem(key);
    return text === null ? initial : (JSON.parse(text) as Value);
  } catch {
    return initial; // of another version
  }
}
