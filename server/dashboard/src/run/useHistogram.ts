import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { fetchHistogram } from "../api/client";

/** So many steps have a histogram of their own; beyond that neighbours are added up. */
export const STEPS = 160;

/** One name's histograms in at most *columns* columns; *version* grows with what there is. */
export function useHistogram(id: string, name: string, version: number, columns = STEPS) {
  return useQuery({
    queryKey: ["histogram", id, name, version, columns],
    queryFn: ({ signal }) => fetchHistogram(id, name, columns, signal),
    placeholderData: keepPreviousData,
    enabled: name !== "",
  });
}
