// Where a logarithmic axis has its ticks.

/** Return the powers of ten from *low* to *high*, about *most* of them. */
export function decades(low: number, high: number, most = 8): number[] {
  const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
  const every = Math.max(1, Math.ceil((last - first) / most));
  const found: number[] = [];
  for (let power = first; power <= last; power += every) found.push(10 ** power);
  return found.length > 0 ? found : [low, high];
}

/** Return zero and the decades on both sides of it, as far as they lie between *low* and *high*. */
export function decadesAround(low: number, high: number, linear: number): number[] {
  const side = (end: number) => (end > linear ? decades(linear, end, 4) : []);
  const found = [
    ...side(-low)
      .map((value) => -value)
      .reverse(),
    0,
    ...side(high),
  ];
  return found.filter((value) => value >= low && value <= high);
}
