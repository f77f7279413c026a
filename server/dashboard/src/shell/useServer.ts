import { useQuery } from "@tanstack/react-query";

import { fetchServer } from "../api/client";

/** What the server is, and whether this browser is signed in. */
export function useServer() {
  return useQuery({
    queryKey: ["server"],
    queryFn: ({ signal }) => fetchServer(signal),
    staleTime: Infinity,
  });
}
